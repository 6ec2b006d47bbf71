#include "net/exchange.h"

#include <algorithm>
#include <utility>

#include "core/text.h"
#include "net/reach.h"
#include "net/redirect.h"
#include "net/scope.h"
#include "net/url.h"
#include "net/withhold.h"

namespace purser::net {
namespace {

// A token from the cache that has run out, a fresh one, one with more rights; the rest is spare.
// It ends what tokens that other calls fetch at the same time, and are refused too, could prolong.
constexpr int kMaxChallengesAnswered = 4;
// Of a presigned URL that had expired when it was asked.
constexpr int kMaxRestarts = 2;

std::string joined(const std::vector<std::string>& scopes) {
  std::string text;
  for (const std::string& scope : scopes) text += (text.empty() ? "" : " ") + scope;
  return text;
}

// A token server that does not know a scope, or will not give it; of the password it says nothing
// . A 401 may well be about the password: that is not tried again with other words, which
// could lock the account, unless it was good before.
bool is_about_the_scope(const Error& error, bool password_is_good) {
  if (!error.http) return false;
  const int status = error.http->status;
  return status == 400 || status == 403 || (status == 401 && password_is_good);
}

}  // namespace

Exchange::Exchange(Call call, ExchangeOptions options)
    : call_(std::move(call)),
      options_(std::move(options)),
      url_(call_.request.url),
      innermost_peer_(call_.request.innermost_peer),
      scope_forms_(forms_of(call_.scope)) {
  if (call_.content) parts_.emplace(*call_.content, call_.request.max_body_bytes);
  if (options_.auth != nullptr && scope_forms_.size() > 1) {
    first_scope_form_ = scope_form_ = options_.auth->delete_form();
  }
}

Action Exchange::start(const Moment& moment) {
  if (state_ != State::ready) return out_of_step("a start");
  return enter(begin(moment));
}

Action Exchange::on_response(http::Response response, const Moment& moment) {
  if (state_ != State::sent) return out_of_step("an answer");
  return enter(answered(std::move(response), moment));
}

Action Exchange::on_failure(const http::Failure& failure, const Moment& moment) {
  if (state_ != State::sent) return out_of_step("a failure");
  return enter(failed(failure, moment));
}

Action Exchange::on_timer(const Moment& moment) {
  if (state_ != State::waiting) return out_of_step("a timer");
  begin_attempt();
  // A token may have run out meanwhile; a 401 to it is then no last word.
  challenged_ = 0;
  fresh_key_.clear();
  renewed_ = false;
  return enter(begin(moment));
}

Action Exchange::on_token(const Token& token, bool fresh) {
  if (state_ != State::fetching) return out_of_step("a token");
  authorization_ = bearer(token, asked_token_);
  if (fresh) fresh_key_ = asked_token_.key();
  return enter(send());
}

Action Exchange::on_token_error(Error token_error) {
  if (state_ != State::fetching) return out_of_step("the failure of a token");
  return enter(no_token(std::move(token_error)));
}

Action Exchange::on_stop(std::string_view why) {
  return enter(Finish{Unexpected(error(ErrorCode::cancelled, std::string(why)))});
}

Action Exchange::enter(Action action) {
  constexpr State kAfter[] = {State::sent, State::waiting, State::fetching, State::finished};
  state_ = kAfter[action.index()];
  return action;
}

// A mistake of whoever runs the exchange: better an end than a guess.
Action Exchange::out_of_step(std::string_view what) {
  return enter(Finish{Unexpected(
      error(ErrorCode::bad_response, "internal error: " + std::string(what) + " out of turn"))});
}

Need Exchange::need(const Moment& moment) const {
  CallOptions patience{.stop = options_.stop};
  if (options_.deadline != std::chrono::steady_clock::time_point::max()) {
    patience.deadline =
        std::chrono::ceil<std::chrono::milliseconds>(options_.deadline - moment.now);
  }
  return {url_, scope_forms_[scope_form_], call_.repository, std::move(patience)};
}

Action Exchange::begin(const Moment& moment) {
  const bool lives = authorization_ && moment.now < authorization_->expires;
  if (lives || options_.auth == nullptr) return send();
  authorization_.reset();
  auto found = options_.auth->at_hand(need(moment), moment.now);
  if (!found) return send();
  if (auto* request = std::get_if<TokenRequest>(&*found)) {
    // It was not to be had when this call asked for it before.
    if (request->key() == refused_key_) return send();
    ahead_ = true;
    asked_token_ = std::move(*request);
    return FetchToken{asked_token_};
  }
  authorization_ = std::get<Authorization>(*std::move(found));
  return send();
}

Action Exchange::send() const {
  http::Request request = call_.request;
  request.url = url_;
  request.innermost_peer = innermost_peer_;
  if (parts_) parts_->ask(request);
  if (left_origin_) {
    request.headers.remove("Authorization");
    request.headers.remove("Cookie");
  } else if (authorization_) {
    request.headers.set("Authorization", authorization_->header);
  }
  return Send{std::move(request)};
}

void Exchange::begin_attempt() {
  url_ = call_.request.url;
  innermost_peer_ = call_.request.innermost_peer;
  visited_.clear();
  left_origin_ = false;
}

Action Exchange::answered(http::Response response, const Moment& moment) {
  if (!left_origin_ && response.peer) connected_ = response.peer->zone;
  if (response.status == 401) {
    if (auto action = authenticate(response, moment)) return *std::move(action);
  } else if (response.status == 403) {
    if (auto action = widen(response)) return *std::move(action);
  }
  if (auto action = redirect(response)) return *std::move(action);
  if (auto action = join(response)) return *std::move(action);
  if (auto action = retry(response, moment)) return *std::move(action);
  if (auto action = restart(response)) return *std::move(action);
  if (left_origin_ && response.status / 100 == 4) return storage_error(response);
  settle_delete_form(response.status);
  return Finish{std::move(response)};
}

// Only the registry can say that something is not there or not allowed. A 404 of the storage that
// it redirected to, handed on as if it were the registry's, would be taken for absence.
Action Exchange::storage_error(const http::Response& response) const {
  Error refused =
      error(ErrorCode::bad_response, "the registry redirects to " + std::string(origin_text(url_)) +
                                         ", which answered " + std::to_string(response.status));
  refused.http = HttpFailure{
      .status = response.status, .method = call_.request.method, .url = redacted_url(url_)};
  return Finish{Unexpected(std::move(refused))};
}

// The rest of a body whose first part is here.
std::optional<Action> Exchange::join(http::Response& response) {
  switch (parts_ ? parts_->join(response) : BodyParts::Verdict::whole) {
    case BodyParts::Verdict::whole:
      return std::nullopt;
    case BodyParts::Verdict::start_over:
      begin_attempt();
      return send();
    case BodyParts::Verdict::too_large:
      return Finish{Unexpected(error(
          ErrorCode::too_large,
          "the answer is larger than " + std::to_string(call_.request.max_body_bytes) + " bytes"))};
    case BodyParts::Verdict::misfit:
      break;
  }
  return Finish{Unexpected(
      error(ErrorCode::bad_response,
            "the connection broke off, and the registry answered " +
                std::to_string(response.status) + " with another part than the one asked for",
            "Try again; something between here and the registry may be changing its answers"))};
}

// A presigned URL lives for minutes; the registry gives a fresh one. The call goes there as it was,
// its Range too.
std::optional<Action> Exchange::restart(const http::Response& response) {
  const bool may_have_expired = response.status == 400 || response.status == 403;
  if (!left_origin_ || !may_have_expired || restarts_ >= kMaxRestarts) return std::nullopt;
  ++restarts_;
  begin_attempt();
  return send();
}

std::optional<Action> Exchange::authenticate(const http::Response& response, const Moment& moment) {
  // A place that the registry redirected to gets no credentials, whatever it asks.
  if (options_.auth == nullptr || left_origin_) return std::nullopt;
  ahead_ = false;
  if (++challenged_ > kMaxChallengesAnswered) return std::nullopt;
  const auto challenges = parse_challenges(response.headers);
  if (authorization_ && authorization_->request) {
    const std::string text = authorization_->header.substr(std::string_view("Bearer ").size());
    options_.auth->tokens().drop(*authorization_->request, Secret(text));
  }
  auto answered = options_.auth->answer(need(moment), challenges, connected_);
  if (!answered) return Finish{Unexpected(withheld(std::move(answered).error()))};
  if (!*answered) return std::nullopt;
  if (auto* header = std::get_if<Authorization>(&**answered)) {
    // The same words again would get the same answer: a refused password is not tried twice.
    if (authorization_ && authorization_->header == header->header) return std::nullopt;
    authorization_ = std::move(*header);
    return send();
  }
  const bool invalid = std::any_of(
      challenges.begin(), challenges.end(),
      [](const Challenge& challenge) { return challenge.get("error") == "invalid_token"; });
  return fetch(std::get<TokenRequest>(*std::move(*answered)), invalid, response);
}

// What a 401 asks for: unless it is what this call has just had, which is then the registry's last
// word.
std::optional<Action> Exchange::fetch(TokenRequest request, bool invalid_token,
                                      const http::Response& response) {
  if (!fresh_key_.empty() && request.family() == asked_token_.family()) {
    request.scopes = union_of_scopes(joined(request.scopes), joined(asked_token_.scopes));
  }
  if (request.key() == refused_key_) return Finish{Unexpected(*refused_error_)};
  if (request.key() == fresh_key_) {
    if (!invalid_token) return widen(response);
    if (std::exchange(renewed_, true)) return std::nullopt;
  }
  asked_token_ = std::move(request);
  return FetchToken{asked_token_};
}

// The right to delete by its next name. Each repository has the question once.
std::optional<Action> Exchange::widen(const http::Response& response) {
  const bool with_token = authorization_ && authorization_->request && !left_origin_;
  if (!with_token || authorization_->request->identity == 0) return std::nullopt;
  if (scope_form_ + 1 >= scope_forms_.size() || !options_.auth->may_widen(call_.repository)) {
    return std::nullopt;
  }
  denied_ = response;
  asked_token_ = *authorization_->request;
  asked_token_.scopes = union_of_scopes("", scope_forms_[++scope_form_]);
  return FetchToken{asked_token_};
}

void Exchange::settle_delete_form(int status) const {
  if (options_.auth == nullptr || scope_form_ == first_scope_form_) return;
  if (status == 401 || status == 403) {
    options_.auth->note_widening_in_vain(call_.repository);
  } else if (status < 500 && status != 429) {
    options_.auth->note_delete_form(scope_form_);
  }
}

Action Exchange::no_token(Error token_error) {
  if (token_error.code == ErrorCode::cancelled) return Finish{Unexpected(std::move(token_error))};
  const std::size_t identity = asked_token_.identity;
  const bool more_forms = identity != 0 && scope_form_ + 1 < scope_forms_.size() &&
                          options_.auth->may_widen(call_.repository);
  if (more_forms &&
      is_about_the_scope(token_error, options_.auth->credentials().was_accepted(identity))) {
    if (!first_form_error_) first_form_error_ = std::move(token_error);
    asked_token_.scopes = union_of_scopes("", scope_forms_[++scope_form_]);
    return FetchToken{asked_token_};
  }
  if (scope_form_ != first_scope_form_) options_.auth->note_widening_in_vain(call_.repository);
  // What the registry said to the form that there was a token for says more than this.
  if (denied_) return Finish{*std::move(denied_)};
  if (first_form_error_) token_error = *first_form_error_;
  token_error.not_done = true;  // without it nothing was sent, or what was sent was answered 401
  if (std::exchange(ahead_, false)) {
    // Nobody asked for it yet: perhaps this one needs none.
    refused_key_ = asked_token_.key();
    refused_error_ = std::move(token_error);
    return send();
  }
  return Finish{Unexpected(std::move(token_error))};
}

std::optional<Action> Exchange::redirect(const http::Response& response) {
  if (!options_.follow_redirects) return std::nullopt;
  auto next = redirect_of(call_.request.method, url_, response);
  if (!next) return Finish{Unexpected(withheld(std::move(next).error()))};
  if (!*next) return std::nullopt;
  visited_.push_back(url_);
  const bool loops = std::find(visited_.begin(), visited_.end(), (*next)->url) != visited_.end();
  if (loops || visited_.size() > static_cast<std::size_t>(kMaxRedirects)) {
    return Finish{Unexpected(
        error(ErrorCode::bad_response, loops ? "the server redirects in a circle"
                                             : "the server redirects more than 10 times"))};
  }
  const auto registry = Url::parse(call_.request.url);
  const auto target = Url::parse((*next)->url);
  if (registry && target) {
    static const std::vector<std::string> kNone;
    innermost_peer_ =
        innermost_for(registry->origin(), connected_, target->origin(),
                      options_.inner_hosts == nullptr ? kNone : *options_.inner_hosts);
  }
  url_ = std::move((*next)->url);
  left_origin_ = left_origin_ || !(*next)->same_origin;
  return send();
}

// Of an error that quotes where the answer leads: the answer may repeat what it was sent (C.1-15).
Error Exchange::withheld(Error error) const {
  http::Request sent;
  if (authorization_) sent.headers.add("Authorization", authorization_->header);
  error.message = SecretFilter::of(sent).apply(error.message);
  return error;
}

Error Exchange::error(ErrorCode code, std::string message, std::string hint) const {
  Error error;
  error.code = code;
  error.message = std::move(message);
  error.hint = std::move(hint);
  return error;
}

}  // namespace purser::net
