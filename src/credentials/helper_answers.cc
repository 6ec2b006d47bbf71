#include "credentials/helper_answers.h"

namespace purser {
namespace {

Result<std::optional<Credential>> get_from(const CredentialHelper& helper,
                                           const std::vector<std::string>& servers) {
  for (const std::string& server : servers) {
    auto credential = helper.get(server);
    if (!credential || credential->has_value()) return credential;
  }
  return std::optional<Credential>();
}

}  // namespace

Result<std::optional<Credential>> HelperAnswers::ask(const CredentialHelper& helper,
                                                     const std::vector<std::string>& servers) {
  // Helpers may take seconds, and a client asks for every repository. Not for ever: what clouds
  // give ends within the hour.
  constexpr std::chrono::minutes kLife{5};
  using Clock = std::chrono::steady_clock;
  std::shared_ptr<Answer> answer;
  {
    const std::lock_guard lock(mutex_);
    auto& known = answers_[std::pair(helper.program().string(), servers.front())];
    if (!known) known = std::make_shared<Answer>();
    answer = known;
  }
  const std::lock_guard lock(answer->asking);
  if (!answer->credential || Clock::now() >= answer->until) {
    answer->credential = get_from(helper, servers);
    answer->until = Clock::now() + kLife;
  }
  return *answer->credential;
}

void HelperAnswers::forget() {
  const std::lock_guard lock(mutex_);
  answers_.clear();
}

}  // namespace purser
