#include "cli/app.h"
#include "cli/signals.h"

int main(int argc, char** argv) {
  purser::cli::Environment environment;
  environment.stop = purser::cli::stop_on_signals();
  return purser::cli::run({argv + (argc > 0), argv + argc}, environment);
}
