// SIGINT and SIGTERM as a stop token.
#pragma once

#include <stop_token>

namespace purser::cli {

// From now on the first SIGINT or SIGTERM asks to stop, so that what was begun is brought to a
// safe end; the second one ends the program at once, with 130. Call it once, before any other
// thread is started. SIGPIPE is ignored: a reader of stdout that goes away must not kill a run
// between a change and its verification. SIGXFSZ is ignored: a file over its limit is an error of
// the write, with a sentence.
std::stop_token stop_on_signals();

}  // namespace purser::cli
