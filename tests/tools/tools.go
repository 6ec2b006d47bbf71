//go:build tools

// Package tools names the programs, so that `go mod tidy` keeps what they need.
package tools

import _ "github.com/docker/distribution/contrib/token-server"
