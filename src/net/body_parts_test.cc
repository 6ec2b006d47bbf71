#include "net/body_parts.h"

#include <gmock/gmock.h>

namespace purser::net {
namespace {

using Verdict = BodyParts::Verdict;

const std::string kBody = "0123456789";

http::Response part(int status, std::string body, http::Headers headers = {}) {
  return {status, std::move(headers), std::move(body)};
}
http::Response first_part(std::string body) {
  return part(200, std::move(body), {{"Content-Length", "10"}, {"Content-Type", "a/b"}});
}
http::Response rest(std::string body, std::string range) {
  return part(206, std::move(body), {{"Content-Range", std::move(range)}});
}

class BodyPartsTest : public ::testing::Test {
 protected:
  std::string asked() const {
    http::Request request;
    parts_->ask(request);
    return std::string(request.headers.get("Range").value_or("all"));
  }
  // What comes of an answer after "0123" has arrived.
  Verdict after_four(http::Response answer) {
    parts_ = make();
    parts_->keep(first_part("0123"));
    answer_ = std::move(answer);
    return parts_->join(answer_);
  }
  static std::optional<BodyParts> make() {
    return std::optional<BodyParts>(std::in_place, Digest::of(kBody), 10);
  }

  std::optional<BodyParts> parts_ = make();
  http::Response answer_;
};

TEST_F(BodyPartsTest, NothingIsAskedForUntilSomethingHasCome) {
  EXPECT_EQ(asked(), "all");
  http::Response answer = part(206, "01", {{"Content-Range", "bytes 0-1/10"}});
  EXPECT_EQ(parts_->join(answer), Verdict::whole);
  EXPECT_EQ(answer.status, 206) << "unasked: whoever wanted the whole refuses it";
}

//
TEST_F(BodyPartsTest, GoesOnWhereItStopped) {
  parts_->keep(first_part("012"));
  EXPECT_EQ(asked(), "bytes=3-");
  parts_->keep(rest("34", "bytes 3-9/10"));
  EXPECT_EQ(asked(), "bytes=5-");
  http::Response answer = rest("56789", "bytes 5-9/10");
  EXPECT_EQ(parts_->join(answer), Verdict::whole);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, kBody);
  EXPECT_EQ(answer.headers.get("Content-Length"), "10");
}

// a server that knows no ranges begins again, and so does the body.
TEST_F(BodyPartsTest, TakesTheWholeFromAServerWithoutRanges) {
  EXPECT_EQ(after_four(first_part(kBody)), Verdict::whole);
  EXPECT_EQ(answer_.body, kBody);
  parts_ = make();
  parts_->keep(first_part("01234"));
  parts_->keep(first_part("01"));
  EXPECT_EQ(asked(), "bytes=5-") << "the longer part is as good";
  parts_->keep(first_part("0123456"));
  EXPECT_EQ(asked(), "bytes=7-");
}

// anything but the rest, from the next byte to the known end.
TEST_F(BodyPartsTest, StartsOverWhereTheAnswerDoesNotFit) {
  EXPECT_EQ(after_four(rest("456789", "bytes 4-9/10")), Verdict::whole);
  for (const auto& answer :
       {rest("3456789", "bytes 3-9/10"), rest("56789", "bytes 5-9/10"),
        rest("456789", "bytes 4-9/11"), rest("45678", "bytes 4-8/10"), rest("456789", ""),
        rest("45678", "bytes 4-9/10"), rest("456789a", "bytes 4-9/10"),
        rest("abcdef", "bytes 4-9/10"), part(206, "456789"), part(416, ""),
        part(206, "456789", {{"Content-Range", "bytes 4-9/10"}, {"Content-Encoding", "gzip"}})}) {
    EXPECT_EQ(after_four(answer), Verdict::start_over) << answer.body;
    EXPECT_EQ(asked(), "all");
  }
}

// once.
TEST_F(BodyPartsTest, StartsOverOnce) {
  EXPECT_EQ(after_four(part(416, "")), Verdict::start_over);
  parts_->keep(first_part("0123"));
  answer_ = part(416, "");
  EXPECT_EQ(parts_->join(answer_), Verdict::misfit);
}

// then it is told as the wrong content that it is.
TEST_F(BodyPartsTest, HandsOnWrongContentTheSecondTime) {
  EXPECT_EQ(after_four(rest("abcdef", "bytes 4-9/10")), Verdict::start_over);
  parts_->keep(first_part("0123"));
  answer_ = rest("abcdef", "bytes 4-9/10");
  EXPECT_EQ(parts_->join(answer_), Verdict::whole);
  EXPECT_EQ(answer_.status, 200);
  EXPECT_EQ(answer_.body, "0123abcdef");
}

// 2.8.2 announces a body for a 416 and sends none, which breaks off as well.
TEST_F(BodyPartsTest, DropsItsPartWhereTheRefusalOfARangeBreaksOff) {
  parts_->keep(first_part("0123"));
  parts_->keep(part(416, "", {{"Content-Length", "10"}}));
  EXPECT_EQ(asked(), "all");
  parts_->keep(part(416, ""));
  parts_->keep(first_part("0123"));
  http::Response answer = rest("abcdef", "bytes 4-9/10");
  EXPECT_EQ(parts_->join(answer), Verdict::whole) << "that was the one new start";
  // Where there was no part, there was no new start either.
  parts_ = make();
  parts_->keep(part(416, ""));
  parts_->keep(first_part("0123"));
  answer = rest("abcdef", "bytes 4-9/10");
  EXPECT_EQ(parts_->join(answer), Verdict::start_over);
}

TEST_F(BodyPartsTest, KeepsNothingOfWhatIsNoPartOfIt) {
  parts_->keep(part(200, "zipped", {{"Content-Encoding", "gzip"}}));
  parts_->keep(part(206, "456789", {{"Content-Range", "bytes 4-9/10"}}));
  parts_->keep(part(404, "{}"));
  parts_->keep(part(200, ""));
  EXPECT_EQ(asked(), "all");
  parts_->keep(first_part("0123"));
  parts_->keep(rest("789", "bytes 7-9/10"));
  EXPECT_EQ(asked(), "bytes=4-");
}

// C.1-5
TEST_F(BodyPartsTest, IsBoundedAsAWhole) {
  parts_.emplace(Digest::of(kBody), 9);
  parts_->keep(first_part("0123"));
  http::Response answer = rest("456789", "bytes 4-9/10");
  EXPECT_EQ(parts_->join(answer), Verdict::too_large);
}

// A-62, C.1-5: a server that says no length at first, and then one without end.
TEST_F(BodyPartsTest, KeepsNoPartOfWhatIsTooLargeAsAWhole) {
  parts_.emplace(Digest::of(kBody), 9);
  parts_->keep(part(200, "0"));
  EXPECT_EQ(asked(), "bytes=1-");
  const http::Headers range = {{"Content-Range", "bytes 1-1099511627775/1099511627776"}};
  EXPECT_FALSE(parts_->keep(part(206, "12345678", range)));
  EXPECT_EQ(asked(), "bytes=1-");
  http::Response answer = part(206, "1", range);
  EXPECT_EQ(parts_->join(answer), Verdict::too_large);
}

// a mebibyte at a time, each counted once, whatever comes again.
TEST_F(BodyPartsTest, ProgressIsAMebibyteThatHadNotComeBefore) {
  const std::size_t mebibyte = 1024 * 1024;
  parts_.emplace(Digest::of(kBody), 10 * mebibyte);
  const auto from_start = [](std::size_t size) { return part(200, std::string(size, 'x')); };
  EXPECT_FALSE(parts_->keep(from_start(mebibyte - 1)));
  EXPECT_TRUE(parts_->keep(from_start(mebibyte)));
  EXPECT_FALSE(parts_->keep(from_start(mebibyte)));
  EXPECT_FALSE(parts_->keep(from_start(2 * mebibyte - 1)));
  EXPECT_TRUE(parts_->keep(from_start(2 * mebibyte)));
  EXPECT_FALSE(parts_->keep(part(416, "")));
  EXPECT_FALSE(parts_->keep(from_start(2 * mebibyte))) << "seen before";
}

}  // namespace
}  // namespace purser::net
