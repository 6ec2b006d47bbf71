#include "credentials/helper_answers.h"

namespace purser {
namespace {

Result<std::optional<Credential>> get_from(const CredentialHelper& helper,
                                           const std::vector<std::string>& servers,
                                           const Patience& patience) {
  for (const std::string& server : servers) {
    auto credential = helper.get(server, patience);
    if (!credential || credential->has_value()) return credential;
  }
  return std::optional<Credential>();
}

}  // namespace

Result<std::optional<Credential>> HelperAnswers::ask(const CredentialHelper& helper,
                                                     const std::vector<std::string>& servers,
                                                     const Patience& patience) {
  // Helpers may take seconds, and a client asks for every repository. Not for ever: what clouds
  // give ends within the hour.
  constexpr std::chrono::minutes kLife{5};
  std::shared_ptr<Answer> answer;
  {
    const std::lock_guard lock(mutex_);
    auto& known = answers_[std::pair(helper.program().string(), servers.front())];
    if (!known) known = std::make_shared<Answer>(kLife);
    answer = known;
  }
  return answer->get(patience, [&] { return get_from(helper, servers, patience); });
}

void HelperAnswers::forget() {
  const std::lock_guard lock(mutex_);
  answers_.clear();
}

}  // namespace purser
