// Command pause is the sandbox process of every pod: it holds the pod's namespaces open until it is told to stop.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// An ignored SIGCHLD lets the kernel reap orphans, which is this process's duty in a shared PID namespace.
	signal.Ignore(syscall.SIGCHLD)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
}
