#include "cli/signals.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "cli/exit_code.h"
#include "system/subprocess.h"

namespace purser::cli {

std::stop_token stop_on_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  // Blocked here, and so in every later thread; taken by the one that waits for them. A stop
  // callback may lock, which no signal handler could.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::stop_source stop;
  const std::stop_token token = stop.get_token();
  std::thread([signals, stop]() mutable {
    int signal = 0;
    sigwait(&signals, &signal);
    stop.request_stop();
    sigwait(&signals, &signal);
    end_subprocesses();  // a helper that waits for a keychain would live on
    ::_exit(static_cast<int>(ExitCode::interrupted));
  }).detach();
  return token;
}

}  // namespace purser::cli
