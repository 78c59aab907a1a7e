// The seed, github.com/aogz/tokbox, on the same work.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/aogz/tokbox"
)

func main() {
	tb := tokbox.New(os.Getenv("WORK_API_KEY"), os.Getenv("WORK_SECRET"))
	session := &tokbox.Session{SessionID: os.Getenv("WORK_SESSION_ID"), T: tb}
	role := tokbox.Role(os.Getenv("WORK_ROLE"))
	data := os.Getenv("WORK_CONNECTION_DATA")
	expiration, _ := strconv.ParseInt(os.Getenv("WORK_EXPIRATION"), 10, 64)

	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		var n int
		var mode string
		fmt.Sscan(input.Text(), &n, &mode)
		start := time.Now()
		tokens := session.Tokens(n, mode == "multithread", role, data, expiration)
		took := time.Since(start)
		if len(tokens) > n {
			panic("more tokens than asked for")
		}
		fmt.Println(took.Nanoseconds())
	}
}
