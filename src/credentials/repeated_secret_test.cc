#include "credentials/repeated_secret.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base64.h"

namespace purser {
namespace {

// C.1-15.
TEST(RepeatsSecret, KnowsItInEveryForm) {
  const Secret secret("p\"ss/w\xC3\xB6rd\\?>>");
  const std::string bytes(secret.reveal());
  for (const std::string& text : {
           "cannot store " + bytes + ".",
           std::string("{\"Secret\":\"p\\\"ss/w\xC3\xB6rd\\\\?>>\"}"),
           std::string("{\"Secret\":\"p\\\"ss/w\xC3\xB6rd\\\\?\\u003e\\u003e\"}"),
           std::string("{\"Secret\":\"p\\\"ss/w\\u00F6rd\\\\?>>\"}"),
           std::string("pass=p%22ss%2Fw%C3%B6rd%5C%3F%3E%3E&"),
           std::string("pass=p%22ss%2fw%c3%b6rd%5c%3f%3e%3e"),
       }) {
    EXPECT_TRUE(repeats_secret(text, secret)) << text;
  }
  EXPECT_FALSE(repeats_secret("the keychain is locked", secret));
}

// C.1-15: what is encoded often is more than the secret alone.
TEST(RepeatsSecret, KnowsItInBase64WhereverItBegins) {
  const Secret secret("s3cret>>??");
  for (const char* before : {"", "u:", "ann:", "robot:"}) {
    for (const char* after : {"", "\n", "xy", "and more"}) {
      std::string text = encode_base64(before + std::string(secret.reveal()) + after);
      EXPECT_TRUE(repeats_secret("auth " + text, secret)) << text;
      EXPECT_TRUE(repeats_secret(text.substr(0, 7) + "\n" + text.substr(7), secret)) << text;
      for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
      EXPECT_TRUE(repeats_secret(text, secret)) << text;
    }
  }
  EXPECT_FALSE(repeats_secret(encode_base64("u:another"), secret));
}

// C.1-15: a helper that reads it by lines repeats one of them.
TEST(RepeatsSecret, KnowsOneLineOfSeveral) {
  const Secret secret("{\n  \"id\": \"k3y\",\n  \"private_key\": \"s3cret\"\n}");
  EXPECT_TRUE(repeats_secret("bad line \"private_key\": \"s3cret\"", secret));
  EXPECT_TRUE(repeats_secret("bad " + encode_base64("\"private_key\": \"s3cret\""), secret));
  EXPECT_TRUE(repeats_secret(R"({\n  \"id\": \"k3y\",\n  \"private_key\": \"s3cret\"\n})", secret));
  EXPECT_FALSE(repeats_secret("the keychain is locked", secret));
}

TEST(RepeatsSecret, TakesAnyTextForAShortOneAndNoneForNone) {
  EXPECT_TRUE(repeats_secret("locked", Secret("abc")));
  EXPECT_FALSE(repeats_secret("locked", Secret("abcd")));
  EXPECT_FALSE(repeats_secret("locked", Secret()));
}

}  // namespace
}  // namespace purser
