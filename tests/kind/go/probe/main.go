// Command probe is both ends of tests/kind/check: a server that answers with its own name, and a client that counts
// which servers answered.
//
//	probe serve            answer every request on port 8080 with this host's name
//	probe ask URL COUNT    send COUNT requests, each on a connection of its own, and print "ANSWERS NAME" for each name
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"
)

func main() {
	log.SetFlags(0)
	switch {
	case len(os.Args) == 2 && os.Args[1] == "serve":
		log.Fatal(serve())
	case len(os.Args) == 4 && os.Args[1] == "ask":
		count, err := strconv.Atoi(os.Args[3])
		if err != nil {
			log.Fatalf("count: %v", err)
		}
		for name, answers := range ask(os.Args[2], count) {
			fmt.Println(answers, name)
		}
	default:
		log.Fatal("usage: probe serve | probe ask URL COUNT")
	}
}

func serve() error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	return http.ListenAndServe(":8080", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, name)
	}))
}

// ask counts the answers by what they say. A failure counts as an answer that says so.
func ask(url string, count int) map[string]int {
	client := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answers := map[string]int{}
	for range count {
		answers[askOnce(client, url)]++
	}
	return answers
}

func askOnce(client *http.Client, url string) string {
	response, err := client.Get(url)
	if err != nil {
		return "error: " + err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "error: " + err.Error()
	}
	return string(body)
}
