// A second registry for the tests. `scripts/setup full` builds it into build/tools/bin.
module purser/tests/tools/go-containerregistry

go 1.25.0

require github.com/google/go-containerregistry v0.22.1
