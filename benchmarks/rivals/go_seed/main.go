// The seed, github.com/aogz/tokbox, on the same work.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/aogz/tokbox"
)

func main() {
	tb := tokbox.New(os.Getenv("TOKBOX_API_KEY"), os.Getenv("TOKBOX_SECRET"))
	session := &tokbox.Session{T: tb}
	// By its JSON name: versions of the seed spell the field differently.
	id, _ := json.Marshal(map[string]string{"session_id": os.Getenv("WORK_SESSION_ID")})
	if err := json.Unmarshal(id, session); err != nil {
		panic(err)
	}
	role := tokbox.Role(os.Getenv("WORK_ROLE"))
	data := os.Getenv("WORK_CONNECTION_DATA")
	expiration, _ := strconv.ParseInt(os.Getenv("WORK_EXPIRATION"), 10, 64)

	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		var n int
		var mode string
		fmt.Sscan(input.Text(), &n, &mode)
		if n == 0 {
			fmt.Println(session.Tokens(1, false, role, data, expiration)[0])
			continue
		}
		start := time.Now()
		tokens := session.Tokens(n, mode == "multithread", role, data, expiration)
		took := time.Since(start)
		if len(tokens) > n {
			panic("more tokens than asked for")
		}
		fmt.Println(took.Nanoseconds())
	}
}
