#include "net/exchange_fixture.h"

namespace purser::net {
namespace {

class DeleteScopeTest : public ExchangeTest {
 protected:
  static constexpr char kDelete[] =
      R"(Bearer realm="https://r.test/token",service="r.test",scope="repository:a:delete",error="insufficient_scope")";

  static Call delete_of(const std::string& repository) {
    Call call = call_of("DELETE");
    call.scope = "repository:" + repository + ":delete";
    call.repository = repository;
    return call;
  }
  static Error refused_by_token_server(int status) {
    Error error{.code = ErrorCode::bad_response, .message = std::to_string(status)};
    error.http = HttpFailure{.status = status};
    return error;
  }
};

// A-13
TEST_F(DeleteScopeTest, AsksForTheRightByItsNextNameWhenTheRegistryWantsMore) {
  for (const bool by_challenge : {true, false}) {
    Authenticator auth(*RegistryName::parse("r.test"), password(), {});
    Exchange x(delete_of("a"), {.auth = &auth});
    const auto denied = [&] {
      return x.on_response(by_challenge ? challenge(kDelete) : reply(403), at(0s));
    };
    x.start(at(0s));
    EXPECT_THAT(x.on_response(challenge(kDelete), at(0s)),
                WantsToken(ElementsAre("repository:a:delete")));
    x.on_token(token("t1"), true);
    EXPECT_THAT(denied(), WantsToken(ElementsAre("repository:a:delete,pull,push")));
    x.on_token(token("t2"), true);
    EXPECT_THAT(denied(), WantsToken(ElementsAre("repository:a:*")));
    EXPECT_THAT(x.on_token(token("t3"), true), SendsTo(kUrl, "Bearer t3"));
    EXPECT_THAT(denied(), Finishes(by_challenge ? 401 : 403));
  }
}

// A-13: quay's token server answers 400 to `delete`. What it took is asked for first from then on.
TEST_F(DeleteScopeTest, RemembersTheNameThatTheRegistryTakes) {
  auto x = make(delete_of("a"));
  x.start(at(0s));
  x.on_response(challenge(kBearer), at(0s));
  EXPECT_THAT(x.on_token_error(refused_by_token_server(400)),
              WantsToken(ElementsAre("repository:a:delete,pull,push")));
  EXPECT_THAT(x.on_token_error(refused_by_token_server(400)),
              WantsToken(ElementsAre("repository:a:*")));
  x.on_token(token("t"), true);
  EXPECT_THAT(x.on_response(reply(202), at(0s)), Finishes(202));
  auto other = make(delete_of("b"));
  EXPECT_THAT(other.start(at(0s)), WantsToken(ElementsAre("repository:b:*")));
}

// A-13, A-23: a right that is not there is searched for once in each repository.
TEST_F(DeleteScopeTest, SearchesForARightThatIsNotThereOnce) {
  const auto tokens_until_denied = [&](const std::string& repository) {
    auto x = make(delete_of(repository));
    auto action = x.start(at(0s));
    int tokens = 0;
    while (!std::holds_alternative<Finish>(action)) {
      if (std::holds_alternative<FetchToken>(action)) {
        ++tokens;
        action = x.on_token(token("t"), true);
      } else {
        const bool authorized =
            std::get<Send>(action).request.headers.get("Authorization").has_value();
        action = x.on_response(authorized ? reply(403) : challenge(kBearer), at(0s));
      }
    }
    EXPECT_THAT(action, Finishes(403));
    return tokens;
  };
  EXPECT_EQ(tokens_until_denied("a"), 3);
  EXPECT_EQ(tokens_until_denied("a"), 1);
  EXPECT_EQ(tokens_until_denied("b"), 3);
}

// A wrong password must not be tried three times for one delete: that could lock the account.
TEST_F(DeleteScopeTest, APasswordThatWasNeverAcceptedIsNotTriedUnderAnotherName) {
  auto x = make(delete_of("a"));
  x.start(at(0s));
  x.on_response(challenge(kBearer), at(0s));
  EXPECT_THAT(x.on_token_error(refused_by_token_server(401)),
              FailsWith(ErrorCode::bad_response, "401"));

  auth_.credentials().note_accepted(auth_.credentials().find("a")->identity);
  auto good = make(delete_of("a"));
  EXPECT_THAT(good.start(at(0s)), WantsToken(_));
  EXPECT_THAT(good.on_token_error(refused_by_token_server(401)),
              WantsToken(ElementsAre("repository:a:delete,pull,push")));
}

// What the registry said to the token that there was says more than why there is no other.
TEST_F(DeleteScopeTest, TellsTheRegistrysOwnAnswerWhenThereIsNoOtherToken) {
  auto x = make(delete_of("a"));
  x.start(at(0s));
  x.on_response(challenge(kBearer), at(0s));
  x.on_token(token("t1"), true);
  x.on_response(reply(403), at(0s));
  EXPECT_THAT(x.on_token_error(refused_by_token_server(400)), WantsToken(_));
  EXPECT_THAT(x.on_token_error(refused_by_token_server(400)), Finishes(403));
}

}  // namespace
}  // namespace purser::net
