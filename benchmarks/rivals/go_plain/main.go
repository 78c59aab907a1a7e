// What a Go server would write by hand with the standard library: a T1 token with the
// seed's fields in the seed's order (session_id, create_time, expire_time, role,
// connection_data, nonce below a million), one call a token; in mode "multithread" one
// goroutine for each CPU. It is not the seed: it is here because it can always be built,
// and because it is a fair rival of its own.
package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

type session struct {
	key, secret, id string
}

func (s *session) token(role, data string, expiration int64) string {
	now := time.Now().UTC().Unix()
	body := "session_id=" + s.id + "&create_time=" + strconv.FormatInt(now, 10)
	if expiration > 0 {
		body += "&expire_time=" + strconv.FormatInt(now+expiration, 10)
	}
	body += "&role=" + role
	if data != "" {
		body += "&connection_data=" + url.QueryEscape(data)
	}
	body += "&nonce=" + strconv.Itoa(rand.Intn(999999))
	mac := hmac.New(sha1.New, []byte(s.secret))
	mac.Write([]byte(body))
	signature := hex.EncodeToString(mac.Sum(nil))
	return "T1==" + base64.StdEncoding.EncodeToString(
		[]byte("partner_id="+s.key+"&sig="+signature+":"+body))
}

func (s *session) tokens(n, workers int, role, data string, expiration int64) []string {
	result := make([]string, n)
	var group sync.WaitGroup
	for w := 0; w < workers; w++ {
		group.Add(1)
		go func(first, end int) {
			defer group.Done()
			for i := first; i < end; i++ {
				result[i] = s.token(role, data, expiration)
			}
		}(n*w/workers, n*(w+1)/workers)
	}
	group.Wait()
	return result
}

func main() {
	s := &session{os.Getenv("TOKBOX_API_KEY"), os.Getenv("TOKBOX_SECRET"), os.Getenv("WORK_SESSION_ID")}
	expiration, _ := strconv.ParseInt(os.Getenv("WORK_EXPIRATION"), 10, 64)
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		var n int
		var mode string
		fmt.Sscan(input.Text(), &n, &mode)
		if n == 0 {
			fmt.Println(s.token(os.Getenv("WORK_ROLE"), os.Getenv("WORK_CONNECTION_DATA"), expiration))
			continue
		}
		workers := 1
		if mode == "multithread" {
			workers = runtime.NumCPU()
		}
		start := time.Now()
		tokens := s.tokens(n, workers, os.Getenv("WORK_ROLE"), os.Getenv("WORK_CONNECTION_DATA"), expiration)
		took := time.Since(start)
		if tokens[n-1] == "" {
			panic("a token is missing")
		}
		fmt.Println(took.Nanoseconds())
	}
}
