#include <atomic>
#include <future>
#include <stop_token>
#include <thread>

#include "net/driver_fixture.h"

namespace purser::net {
namespace {

TEST_F(DriverTest, FetchesATokenAndKeepsItForTheScope) {
  Driver driver(options(password()));
  transport_->answer("GET", kUrl, bearer_challenge());
  transport_->answer("GET", std::string(kToken) + "&account=me", token_answer("t"));
  transport_->answer("GET", kUrl, reply(200));
  transport_->answer("GET", kUrl, reply(200));
  EXPECT_THAT(driver.run(call_of()), IsOk());
  EXPECT_THAT(driver.run(call_of()), IsOk());
  EXPECT_THAT(authorizations(), ElementsAre("none", kBasic, "Bearer t", "Bearer t"));
  EXPECT_EQ(driver.auth_seen().scheme, "bearer");
  EXPECT_EQ(driver.auth_seen().realm, "https://r.test/token");
}

// A-19, A-21: 300 s less the ten that it is renewed early.
TEST_F(DriverTest, ATokenThatHasRunOutIsFetchedAnew) {
  Driver driver(options());
  transport_->answer("GET", kUrl, bearer_challenge());
  for (const char* text : {"t1", "t2"}) {
    transport_->answer("GET", kToken, token_answer(text));
    transport_->answer("GET", kUrl, reply(200));
  }
  EXPECT_THAT(driver.run(call_of()), IsOk());
  clock_->advance(291s);
  EXPECT_THAT(driver.run(call_of()), IsOk());
  EXPECT_THAT(transport_->lines(), ElementsAre(HasSubstr(kUrl), HasSubstr(kToken), HasSubstr(kUrl),
                                               HasSubstr(kToken), HasSubstr(kUrl)));
  EXPECT_EQ(authorizations().back(), "Bearer t2");
}

// A-21
TEST_F(DriverTest, ATokenThatTheRegistryRevokedIsReplacedWithoutAFailure) {
  Driver driver(options());
  transport_->answer("GET", kUrl, bearer_challenge());
  transport_->answer("GET", kToken, token_answer("t1"));
  transport_->answer("GET", kUrl, reply(200));
  EXPECT_THAT(driver.run(call_of()), IsOk());
  transport_->answer("GET", kUrl, bearer_challenge());
  transport_->answer("GET", kToken, token_answer("t2"));
  transport_->answer("GET", kUrl, reply(200));
  const auto response = driver.run(call_of());
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 200);
  EXPECT_THAT(authorizations(),
              ElementsAre("none", "none", "Bearer t1", "Bearer t1", "none", "Bearer t2"));
}

// A-20: in one window.
TEST_F(DriverTest, ManyChallengesMakeOneTokenRequest) {
  auto wide = options();
  wide.in_flight = 100;
  Driver driver(std::move(wide));
  constexpr int kCalls = 100;
  for (int i = 0; i < kCalls; ++i) transport_->answer("GET", kUrl, bearer_challenge());
  for (int i = 0; i < kCalls; ++i) transport_->answer("GET", kUrl, reply(200));
  transport_->answer("GET", kToken, token_answer("t"));
  Calls calls{.left = kCalls};
  EXPECT_THAT(driver.run_each(calls.source()), IsOk());
  EXPECT_EQ(calls.by_status[200], kCalls);
  EXPECT_THAT(transport_->requests(), SizeIs(2 * kCalls + 1));
}

// A-20: in several threads.
TEST_F(DriverTest, ThreadsThatAreChallengedAtOnceMakeOneTokenRequest) {
  Driver driver(options());
  constexpr int kThreads = 8;
  for (int i = 0; i < kThreads; ++i) transport_->hold("GET", kUrl);
  transport_->answer("GET", kToken, token_answer("t"));
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      const auto response = driver.run(call_of());
      if (response && response->status == 200) ++good;
    });
  }
  transport_->wait_for_held(kThreads);
  for (int i = 0; i < kThreads; ++i) transport_->answer("GET", kUrl, reply(200));
  transport_->release(bearer_challenge());
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, kThreads);
}

TEST_F(DriverTest, WhenWhoFetchesTheTokenIsCancelledAnotherOneFetchesIt) {
  Driver driver(options());
  transport_->answer("GET", kUrl, bearer_challenge());
  transport_->hold("GET", kToken);
  std::stop_source stop;
  std::thread leader([&] {
    EXPECT_THAT(driver.run(call_of(), {.stop = stop.get_token()}), HasError(ErrorCode::cancelled));
  });
  transport_->wait_for_held(1);
  transport_->answer("GET", kToken, token_answer("t"));
  transport_->answer("GET", kUrl, reply(200));
  std::thread follower([&] { EXPECT_THAT(driver.run(call_of()), IsOk()); });
  stop.request_stop();
  leader.join();
  follower.join();
}

// A-20: the 401 of the first repository tells where the tokens of all the others come from.
TEST_F(DriverTest, TheNextRepositoryFetchesItsTokenBeforeItIsAsked) {
  Driver driver(options());
  transport_->answer("GET", kUrl, bearer_challenge());
  transport_->answer("GET", kToken, token_answer("a"));
  transport_->answer("GET", kUrl, reply(200));
  EXPECT_THAT(driver.run(call_of()), IsOk());
  const std::string url = "https://r.test/v2/b/tags/list";
  transport_->answer("GET",
                     "https://r.test/token?service=s&scope=repository%3Ab%3Apull"
                     "&client_id=purser",
                     token_answer("b"));
  transport_->answer("GET", url, reply(200));
  EXPECT_THAT(driver.run(call_of(url, "repository:b:pull")), IsOk());
  EXPECT_THAT(authorizations(), ElementsAre("none", "none", "Bearer a", "none", "Bearer b"));
}

// A-24: perhaps the repository needs none.
TEST_F(DriverTest, ATokenThatNobodyAskedForAndThatIsNotGivenIsDoneWithout) {
  Driver driver(options());
  transport_->answer("GET", kUrl, bearer_challenge());
  transport_->answer("GET", kToken, token_answer("a"));
  transport_->answer("GET", kUrl, reply(200));
  EXPECT_THAT(driver.run(call_of()), IsOk());
  const std::string url = "https://r.test/v2/b/tags/list";
  const std::string token =
      "https://r.test/token?service=s&scope=repository%3Ab%3Apull&client_id=purser";
  transport_->answer("GET", token, reply(403));
  transport_->answer("GET", url, reply(200));
  const auto open = driver.run(call_of(url, "repository:b:pull"));
  ASSERT_THAT(open, IsOk());
  EXPECT_EQ(open->status, 200);
  // And where it does need one, the token server is not asked twice for the same.
  transport_->answer("GET", token, reply(403));
  transport_->answer(
      "GET", url,
      reply(401, {{"WWW-Authenticate", R"(Bearer realm="https://r.test/token",)"
                                       R"(service="s",scope="repository:b:pull")"}}));
  EXPECT_THAT(driver.run(call_of(url, "repository:b:pull")), HasError(ErrorCode::unauthorized));
}

// The origin of its requests has no port, and a login for that name would not be found.
TEST_F(DriverTest, ARefusalNamesTheRegistryAsItsUserDoes) {
  auto named = options();
  named.registry = *RegistryName::parse("r.test:443");
  Driver driver(std::move(named));
  transport_->answer("GET", kUrl, bearer_challenge());
  transport_->answer("GET", kToken, reply(401));
  const auto refused = driver.run(call_of());
  ASSERT_THAT(refused, HasError(ErrorCode::unauthorized));
  EXPECT_THAT(refused.error().hint, HasSubstr("`purser login r.test:443`"));
}

TEST_F(DriverTest, ARegistryWithSeveralRealmsIsAskedWhichOne) {
  Driver driver(options());
  const auto run = [&](const std::string& repository, const std::string& realm) {
    const std::string url = "https://r.test/v2/" + repository + "/tags/list";
    transport_->answer(
        "GET", url,
        reply(401, {{"WWW-Authenticate", "Bearer realm=\"https://r.test/" + realm +
                                             "\",scope=\"repository:" + repository + ":pull\""}}));
    transport_->answer("GET",
                       "https://r.test/" + realm + "?scope=repository%3A" + repository +
                           "%3Apull&client_id=purser",
                       token_answer(realm));
    transport_->answer("GET", url, reply(200));
    const auto answer = driver.run(call_of(url, "repository:" + repository + ":pull"));
    return answer ? answer->status : 0;
  };
  EXPECT_EQ(run("a", "one"), 200);
  // One token in vain, from the realm of the first repository; then it is known better.
  transport_->answer("GET", "https://r.test/one?scope=repository%3Ab%3Apull&client_id=purser",
                     token_answer("vain"));
  EXPECT_EQ(run("b", "two"), 200);
  EXPECT_EQ(run("c", "one"), 200);
  EXPECT_EQ(authorizations().back(), "Bearer one");
}

// A-95: a source that waits for a helper or a person is told how long the call waits.
TEST_F(DriverTest, AStopOrADeadlineReachesTheCredentialSource) {
  class Waiting : public CredentialSource {
    Result<std::optional<Credential>> find(const RegistryName&, std::string_view,
                                           const CallOptions& options) const override {
      deadlines.push_back(options.deadline);
      if (!options.deadline) {
        std::promise<void> stopped;
        const std::stop_callback on_stop(options.stop, [&] { stopped.set_value(); });
        asking.set_value();
        stopped.get_future().wait();
      }
      return Unexpected(Error{.code = ErrorCode::cancelled, .message = "told to go"});
    }

   public:
    mutable std::promise<void> asking;
    mutable std::vector<std::optional<std::chrono::milliseconds>> deadlines;
  };
  const auto source = std::make_shared<Waiting>();
  auto with_source = options();
  with_source.credentials = source;
  Driver driver(with_source);
  for (int i = 0; i < 2; ++i) transport_->answer("GET", kUrl, bearer_challenge());

  std::stop_source stop;
  std::thread run([&] {
    EXPECT_THAT(driver.run(call_of(), {.stop = stop.get_token()}), HasError(ErrorCode::cancelled));
  });
  source->asking.get_future().wait();
  stop.request_stop();
  run.join();
  // What was given up is asked again the next time, and told what is left of the deadline.
  EXPECT_THAT(driver.run(call_of(), {.deadline = 3s}),
              HasError(ErrorCode::cancelled, HasSubstr("told to go")));
  EXPECT_THAT(source->deadlines, ElementsAre(std::nullopt, 3s));
}

// C.1-16, A-29: a credential for a part of the registry's name space stays in it.
TEST_F(DriverTest, EachRepositoryIsAskedForWithItsOwnCredential) {
  class ByRepository : public CredentialSource {
    Result<std::optional<Credential>> find(const RegistryName&, std::string_view repository,
                                           const CallOptions&) const override {
      if (repository.empty()) return std::optional<Credential>();
      Credential credential;
      credential.username = repository;
      credential.password = Secret("pw");
      return std::optional(std::move(credential));
    }
  };
  const auto run = [&](Driver& driver, const std::string& repository) {
    auto call = call_of("https://r.test/v2/" + repository, "repository:x:pull");
    call.repository = repository;
    return driver.run(std::move(call));
  };
  auto of_each = options();
  of_each.credentials = std::make_shared<ByRepository>();
  Driver basic(of_each);
  transport_->answer("GET", "https://r.test/v2/a", reply(401, {{"WWW-Authenticate", "Basic x=y"}}));
  for (const char* repository : {"a", "b", ""}) {
    transport_->answer("GET", "https://r.test/v2/" + std::string(repository), reply(200));
    EXPECT_THAT(run(basic, repository), IsOk());
  }
  EXPECT_THAT(authorizations(), ElementsAre("none", "Basic YTpwdw==", "Basic Yjpwdw==", "none"));

  // A token of one is not used for the other, even for the same scope.
  Driver bearer(of_each);
  transport_->answer("GET", "https://r.test/v2/a",
                     reply(401, {{"WWW-Authenticate", "Bearer realm=\"https://r.test/t\""}}));
  for (const std::string repository : {"a", "b"}) {
    transport_->answer("GET",
                       "https://r.test/t?scope=repository%3Ax%3Apull&client_id=purser"
                       "&account=" +
                           repository,
                       token_answer("of-" + repository));
    transport_->answer("GET", "https://r.test/v2/" + repository, reply(200));
    EXPECT_THAT(run(bearer, repository), IsOk());
    EXPECT_EQ(authorizations().back(), "Bearer of-" + repository);
  }
}

// A-14, A-25: each scope of a mount's challenge is a parameter of its own.
TEST_F(DriverTest, AChallengeWithTwoScopesIsAnsweredWithBoth) {
  Driver driver(options());
  transport_->answer(
      "GET", kUrl,
      reply(401, {{"WWW-Authenticate", R"(Bearer realm="https://r.test/token",service="s",)"
                                       R"(scope="repository:a:pull,push repository:c/d:pull")"}}));
  transport_->answer("GET",
                     "https://r.test/token?service=s&scope=repository%3Aa%3Apull%2Cpush"
                     "&scope=repository%3Ac%2Fd%3Apull&client_id=purser",
                     token_answer("t"));
  transport_->answer("GET", kUrl, reply(200));
  transport_->answer("GET", kUrl, reply(200));
  EXPECT_THAT(driver.run(call_of()), IsOk());
  EXPECT_THAT(driver.run(call_of()), IsOk());
  EXPECT_EQ(authorizations().back(), "Bearer t");
}

// A-35: the realm of an anonymous token, too, is no further inside than the registry.
TEST_F(DriverTest, ARealmElsewhereIsBoundedByWhereTheRegistryIs) {
  Driver driver(options());
  auto asks = reply(401, {{"WWW-Authenticate", "Bearer realm=\"https://auth.test/t\""}});
  asks.peer = http::Peer{"192.0.2.1", http::Zone::private_network};
  transport_->answer("GET", kUrl, asks);
  transport_->answer("GET", "https://auth.test/t?scope=repository%3Aa%3Apull&client_id=purser",
                     http::Failure{http::Failure::Kind::refused, "auth.test is at 127.0.0.1"});
  EXPECT_THAT(driver.run(call_of()),
              HasError(ErrorCode::refused, HasSubstr("auth.test is at 127.0.0.1")));
  EXPECT_EQ(transport_->requests().at(1).innermost_peer, http::Zone::private_network);
}

// A-20: a callback that asks again while its own run fetches the token does not wait for itself.
TEST_F(DriverTest, ACallbackMayAskWhileItsOwnRunFetchesTheToken) {
  Driver driver(options(password()));
  transport_->answer("GET", "https://r.test/v2/", reply(200));
  // Once: the callback's call knows by then that a token is wanted, and asks for it first.
  transport_->answer("GET", kUrl, bearer_challenge());
  const std::string token = std::string(kToken) + "&account=me";
  for (const char* text : {"inner", "outer"}) transport_->answer("GET", token, token_answer(text));
  for (int i = 0; i < 2; ++i) transport_->answer("GET", kUrl, reply(200));
  std::vector<Driver::Item> items;
  std::vector<int> statuses;
  const auto note = [&](const Result<http::Response>& answer) {
    statuses.push_back(answer ? answer->status : 0);
  };
  items.push_back({call_of(), note});
  items.push_back({call_of("https://r.test/v2/", ""), [&](Result<http::Response> answer) {
                     note(answer);
                     note(driver.run(call_of()));
                   }});
  auto next = items.begin();
  EXPECT_THAT(driver.run_each([&]() -> std::optional<Driver::Item> {
    if (next == items.end()) return std::nullopt;
    return std::move(*next++);
  }),
              IsOk());
  EXPECT_THAT(statuses, ElementsAre(200, 200, 200));
}

// A-35, C.1-4: a name of the registry's own may have an address outside, and one inside.
TEST_F(DriverTest, ARealmAtTheRegistrysOwnOriginIsNoFurtherInsideThanTheRegistryWas) {
  for (const bool listed : {false, true}) {
    DriverOptions wanted = options(password());
    if (listed) wanted.allowed_inner_hosts = {"r.test"};
    Driver driver(wanted);
    auto asks = bearer_challenge();
    asks.peer = http::Peer{"192.0.2.1", http::Zone::internet};
    transport_->answer("GET", kUrl, asks);
    transport_->answer("GET", std::string(kToken) + "&account=me", token_answer("t"));
    transport_->answer("GET", kUrl, reply(200));
    EXPECT_THAT(driver.run(call_of()), IsOk());
    const auto token = transport_->requests().at(transport_->requests().size() - 2);
    EXPECT_THAT(token.url, HasSubstr("https://r.test/token"));
    EXPECT_EQ(token.innermost_peer, listed ? http::Zone::link_local : http::Zone::internet);
  }
}

// A-35: nor does anything later in the run follow the name further inside than it has answered
// from.
TEST_F(DriverTest, AHostThatHasAnsweredIsNotFollowedFurtherInside) {
  using http::Zone;
  for (const bool listed : {false, true}) {
    DriverOptions wanted = options();
    if (listed) wanted.allowed_inner_hosts = {"r.test"};
    Driver driver(wanted);
    const auto bound_after = [&](const char* url, std::optional<Zone> answers_from) {
      auto answer = reply(200);
      if (answers_from) answer.peer = http::Peer{"", *answers_from};
      transport_->answer("GET", url, answer);
      EXPECT_THAT(driver.run(call_of(url)), IsOk());
      return transport_->requests().back().innermost_peer;
    };
    const Zone seen = listed ? Zone::link_local : Zone::private_network;
    EXPECT_EQ(bound_after(kUrl, {}), Zone::link_local);  // through a proxy: nobody can tell
    EXPECT_EQ(bound_after(kUrl, Zone::private_network), Zone::link_local);
    EXPECT_EQ(bound_after(kUrl, Zone::internet), seen);
    EXPECT_EQ(bound_after(kUrl, {}), seen);
    EXPECT_EQ(bound_after("https://other.test/", {}), Zone::link_local);
  }
}

TEST_F(DriverTest, ARefusedTokenIsTheErrorOfAllThatWaitForIt) {
  Driver driver(options(password()));
  for (int i = 0; i < 3; ++i) transport_->answer("GET", kUrl, bearer_challenge());
  transport_->answer("GET", std::string(kToken) + "&account=me", reply(401));
  Calls calls{.left = 3};
  EXPECT_THAT(driver.run_each(calls.source()), IsOk());
  ASSERT_THAT(calls.errors, SizeIs(3));
  for (const Error& error : calls.errors) {
    EXPECT_EQ(error.code, ErrorCode::unauthorized);
    EXPECT_EQ(error.registry, "r.test");
    EXPECT_THAT(to_string(error), Not(HasSubstr("pw")));
  }
}

TEST_F(DriverTest, PasswordNotSentWhereTheTokenServerRedirectsTo) {
  Driver driver(options(password()));
  transport_->answer("GET", kUrl, bearer_challenge());
  transport_->answer("GET", std::string(kToken) + "&account=me",
                     reply(307, {{"Location", "https://evil.test/"}}));
  EXPECT_THAT(driver.run(call_of()), HasError(ErrorCode::bad_response, HasSubstr("redirect")));
}

TEST_F(DriverTest, PasswordNotSentToARealmElsewhere) {
  Driver driver(options(password()));
  transport_->answer(
      "GET", kUrl,
      reply(401, {{"WWW-Authenticate", "Bearer realm=\"https://evil.test/token\",service=s"}}));
  const auto response = driver.run(call_of());
  EXPECT_THAT(response, HasError(ErrorCode::refused, HasSubstr("evil.test")));
  EXPECT_THAT(response.error().hint, HasSubstr("--auth-realm-allow evil.test"));
  EXPECT_THAT(transport_->requests(), SizeIs(1));
}

TEST_F(DriverTest, PasswordNotSentToAnotherHostThanTheRegistrys) {
  Driver driver(options(password()));
  transport_->answer("GET", "https://other.test/v2/",
                     reply(401, {{"WWW-Authenticate", "Basic realm=r"}}));
  const auto response = driver.run(call_of("https://other.test/v2/"));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 401);
  EXPECT_THAT(authorizations(), ElementsAre("none"));
}

// What is at hand for the registry is not at hand for whom a Link or a bug leads to.
TEST_F(DriverTest, PasswordNotSentToAnotherHostAfterTheRegistryHadIt) {
  Driver driver(options(password()));
  transport_->answer("GET", kUrl, reply(401, {{"WWW-Authenticate", "Basic realm=r"}}));
  transport_->answer("GET", kUrl, reply(200));
  EXPECT_THAT(driver.run(call_of()), IsOk());
  for (const char* url : {"https://other.test/v2/", "http://r.test/v2/", "https://r.test:444/v2/",
                          "https://r.test.evil/v2/", "https://r.test@evil/"}) {
    transport_->answer("GET", url, reply(200));
    EXPECT_THAT(driver.run(call_of(url)), IsOk());
    EXPECT_EQ(authorizations().back(), "none") << url;
  }
}

// A-26
TEST_F(DriverTest, BasicIsAskedForOnceAndThenSentAtOnce) {
  Driver driver(options(password()));
  transport_->answer("GET", kUrl, reply(401, {{"WWW-Authenticate", "Basic realm=\"r\""}}));
  for (int i = 0; i < 2; ++i) transport_->answer("GET", kUrl, reply(200));
  EXPECT_THAT(driver.run(call_of()), IsOk());
  EXPECT_THAT(driver.run(call_of()), IsOk());
  EXPECT_THAT(authorizations(), ElementsAre("none", kBasic, kBasic));
  EXPECT_EQ(driver.auth_seen().scheme, "basic");
}

// A-26
TEST_F(DriverTest, BasicWithoutCredentialsFailsWithWhatToDo) {
  Driver driver(options());
  transport_->answer("GET", kUrl, reply(401, {{"WWW-Authenticate", "Basic realm=r"}}));
  const auto response = driver.run(call_of());
  EXPECT_THAT(response, HasError(ErrorCode::unauthorized, HasSubstr("password")));
  EXPECT_THAT(response.error().hint, HasSubstr("purser login"));
}

// A-11, A-12
TEST_F(DriverTest, BearerGoesBeforeBasicAndNeedsARealm) {
  Driver driver(options(password()));
  transport_->answer("GET", kUrl,
                     reply(401, {{"WWW-Authenticate", "Basic realm=r, Bearer service=s"}}));
  transport_->answer("GET", kUrl, reply(200));
  EXPECT_THAT(driver.run(call_of()), IsOk());  // Basic is left where Bearer names no realm
  transport_->answer("GET", kUrl, reply(401, {{"WWW-Authenticate", "Bearer service=s"}}));
  Driver other(options());
  EXPECT_THAT(other.run(call_of()), HasError(ErrorCode::bad_response, HasSubstr("realm")));
}

// A-10
TEST_F(DriverTest, AnUnknownSchemeIsNamed) {
  Driver driver(options(password()));
  transport_->answer("GET", kUrl, reply(401, {{"WWW-Authenticate", "Negotiate"}}));
  EXPECT_THAT(driver.run(call_of()), HasError(ErrorCode::unsupported, HasSubstr("negotiate")));
}

// A-30
TEST_F(DriverTest, ARegistryTokenIsSentAsItIs) {
  Driver driver(options({.registry_token = Secret("given")}));
  transport_->answer("GET", kUrl, bearer_challenge());
  for (int i = 0; i < 2; ++i) transport_->answer("GET", kUrl, reply(200));
  EXPECT_THAT(driver.run(call_of()), IsOk());
  EXPECT_THAT(driver.run(call_of()), IsOk());
  EXPECT_THAT(authorizations(), ElementsAre("none", "Bearer given", "Bearer given"));
}

}  // namespace
}  // namespace purser::net
