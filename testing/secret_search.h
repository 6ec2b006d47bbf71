// Looks for secrets in whatever a program leaves behind.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace purser::testing {

// Knows each secret in the forms in which it travels: as it is, percent-encoded, and in base64,
// also where it stands in the midst of something encoded, such as a password in "user:password".
// Thread rule: a value.
class SecretSearch {
 public:
  // `name` is what a failure calls it: the secret itself is not for the log of a test.
  void add(std::string name, std::string_view secret);

  // The names, with their forms, of what is found: "the password (base64)".
  std::vector<std::string> find_in(std::string_view text) const;
  // The same in every file, file name and target of a link below a directory, each with its path.
  std::vector<std::string> find_below(const std::filesystem::path& directory) const;

 private:
  struct Needle {
    std::string name;
    std::string text;
  };
  void add_needle(std::string name, std::string text);

  std::vector<Needle> needles_;
};

// So many letters and digits at random: none of them occurs anywhere by chance.
std::string random_secret(std::size_t length = 24);

}  // namespace purser::testing
