#include "net/link_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/matchers.h"

namespace purser::net {
namespace {

using purser::testing::HasError;
using ::testing::HasSubstr;

std::string next_of(http::Headers headers) {
  const auto next = next_link(headers);
  if (!next) return "error";
  return next->value_or("none");
}

//
TEST(LinkHeaderTest, FindsTheNextPageInEveryFormThatServersSend) {
  for (const char* field : {
           "</v2/_catalog?last=b&n=2>; rel=\"next\"",
           "</v2/_catalog?last=b&n=2>; rel=next",
           "</v2/_catalog?last=b&n=2>;rel=NEXT",
           "</v2/_catalog?last=b&n=2> ; REL = \"Next\"",
           "</v2/_catalog?last=b&n=2>; rel=\"foo next\"",
           "</v2/_catalog?last=b&n=2>; title=\"a, b; rel=prev\"; rel=next",
           "</first>; rel=first, </v2/_catalog?last=b&n=2>; rel=next",
           ", </first>; rel=\"prev first\" ,, </v2/_catalog?last=b&n=2>; rel=next",
           "< /v2/_catalog?last=b&n=2 >; rel=next; x; y=\"\\\"\"",
       }) {
    EXPECT_EQ(next_of({{"Link", field}}), "/v2/_catalog?last=b&n=2") << field;
  }
  EXPECT_EQ(next_of({{"link", "</a>; rel=prev"}, {"LINK", "</b>; rel=next"}}), "/b");
  EXPECT_EQ(next_of({{"Link", "</a,b;c>; rel=next"}}), "/a,b;c");
}

TEST(LinkHeaderTest, TheListEndsWhereNoLinkSaysNext) {
  EXPECT_EQ(next_of({}), "none");
  EXPECT_EQ(next_of({{"Link", ""}}), "none");
  EXPECT_EQ(next_of({{"Link", "</a>"}}), "none");
  EXPECT_EQ(next_of({{"Link", "</a>; rel=nextish"}}), "none");
  EXPECT_EQ(next_of({{"Link", "</a>; rel=prev; rel=next"}}), "none");  // the first rel counts
  EXPECT_EQ(next_of({{"Link", "</a>; rev=next"}}), "none");
}

// A list that ends at a header nobody could read would be short.
TEST(LinkHeaderTest, AMalformedLinkIsAnErrorAndNotTheEnd) {
  for (const char* field : {"/v2/_catalog; rel=next", "</v2/_catalog; rel=next",
                            "<a> <b>; rel=next", "</a>; rel=prev </b>; rel=next", "garbage"}) {
    EXPECT_THAT(next_link({{"Link", field}}),
                HasError(ErrorCode::bad_response, HasSubstr("Link header")))
        << field;
  }
}

}  // namespace
}  // namespace purser::net
