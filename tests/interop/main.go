// Takes turns by HashiCorp's own client of Consul, as the Go tool of 2015 did.
//
//	main NAME PREFIX LIMIT TURNS HOLD TTL LOG
//
// Consul is where CONSUL_HTTP_ADDR says. It begins when a line comes on stdin, and adds the lines
// "begin NAME" and "end NAME" to LOG for each turn, which it holds for HOLD, or until another line comes;
// then it rests as an agent does, for five times as long.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/hashicorp/consul/api"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(text string) int {
	found, err := strconv.Atoi(text)
	must(err)
	return found
}

func main() {
	name, turns := os.Args[1], number(os.Args[4])
	hold, err := time.ParseDuration(os.Args[5])
	must(err)
	log, err := os.OpenFile(os.Args[7], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	must(err)
	client, err := api.NewClient(api.DefaultConfig())
	must(err)
	fmt.Println("ready")
	lines := make(chan bool)
	go func() {
		for stdin := bufio.NewScanner(os.Stdin); stdin.Scan(); {
			lines <- true
		}
	}()
	<-lines
	for turn := 0; turn < turns; turn++ {
		semaphore, err := client.SemaphoreOpts(&api.SemaphoreOptions{
			Prefix:      os.Args[2],
			Limit:       number(os.Args[3]),
			SessionName: name,
			SessionTTL:  os.Args[6],
		})
		must(err)
		lost, err := semaphore.Acquire(nil)
		must(err)
		_, err = log.WriteString("begin " + name + "\n")
		must(err)
		select {
		case <-lost:
			_, err = log.WriteString("lost " + name + "\n")
			must(err)
			os.Exit(2)
		case <-lines:
		case <-time.After(hold):
		}
		_, err = log.WriteString("end " + name + "\n")
		must(err)
		must(semaphore.Release())
		if turn+1 < turns {
			time.Sleep(5 * hold)
		}
	}
}
