// The registry of go-containerregistry, as its own cmd/registry starts it, and with the referrers API: a second
// implementation of the protocol, which keeps everything in memory.
package main

import (
	"flag"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	address := flag.String("address", "127.0.0.1:0", "host:port to listen on")
	referrers := flag.Bool("referrers", true, "serve the referrers API")
	flag.Parse()
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on %v", listener.Addr())
	server := &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		Handler:           registry.New(registry.WithReferrersSupport(*referrers)),
	}
	log.Fatal(server.Serve(listener))
}
