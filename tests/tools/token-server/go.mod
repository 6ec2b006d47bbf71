// The token server of the distribution project. scripts/setup builds it into build/tools/bin.
// The versions are ones that Debian 12's own Go (1.19) builds.
module purser/tests/tools/token-server

go 1.19

require github.com/docker/distribution v2.8.3+incompatible

require (
	github.com/docker/libtrust v0.0.0-20160708172513-aabc10ec26b7 // indirect
	github.com/gorilla/mux v1.8.0 // indirect
	github.com/sirupsen/logrus v1.9.0 // indirect
	golang.org/x/crypto v0.14.0 // indirect
	golang.org/x/sys v0.13.0 // indirect
)
