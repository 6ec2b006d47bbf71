#include "testing/secret_search.h"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cctype>
#include <random>

#include "testing/harness_error.h"
#include "testing/temp_dir.h"

namespace purser::testing {
namespace {

// Shorter ones occur by chance.
constexpr std::size_t kShortest = 8;

std::string base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

// What is sure to stand in the base64 of any text that has the secret at an offset of `shift`
// modulo 3: the characters that depend on neither neighbour.
std::string base64_inside(std::string_view secret, std::size_t shift) {
  const std::string text = base64(std::string(shift, 'x') + std::string(secret));
  const std::size_t begin = (shift * 8 + 5) / 6;
  const std::size_t end = (shift + secret.size()) * 8 / 6;
  return text.substr(begin, end - begin);
}

std::string percent_encoded(std::string_view text, bool upper) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' ||
                       c == '_' || c == '~';
    if (plain) {
      encoded += c;
    } else if (upper) {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      encoded += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::string url_safe(std::string text) {
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

}  // namespace

void SecretSearch::add(std::string name, std::string_view secret) {
  if (secret.size() < kShortest) throw HarnessError(name + " is too short to be searched for");
  add_needle(name, std::string(secret));
  add_needle(name + " (percent-encoded)", percent_encoded(secret, true));
  add_needle(name + " (percent-encoded)", percent_encoded(secret, false));
  for (std::size_t shift = 0; shift < 3; ++shift) {
    const std::string inside = base64_inside(secret, shift);
    add_needle(name + " (base64)", inside);
    add_needle(name + " (base64)", url_safe(inside));
  }
}

void SecretSearch::add_needle(std::string name, std::string text) {
  const bool known = std::any_of(needles_.begin(), needles_.end(),
                                 [&](const Needle& needle) { return needle.text == text; });
  if (!known) needles_.push_back({std::move(name), std::move(text)});
}

std::vector<std::string> SecretSearch::find_in(std::string_view text) const {
  std::vector<std::string> found;
  for (const Needle& needle : needles_) {
    if (text.find(needle.text) != std::string_view::npos) found.push_back(needle.name);
  }
  return found;
}

std::vector<std::string> SecretSearch::find_below(const std::filesystem::path& directory) const {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    std::string text = entry.path().filename().string();
    if (entry.is_symlink()) {
      text += '\n' + std::filesystem::read_symlink(entry.path()).string();
    } else if (entry.is_regular_file()) {
      text += '\n' + read_file(entry.path());
    }
    for (const std::string& name : find_in(text)) {
      found.push_back(fmt::format("{} in {}", name, entry.path().string()));
    }
  }
  return found;
}

std::string random_secret(std::size_t length) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device random;
  std::uniform_int_distribution<std::size_t> which(0, kLetters.size() - 1);
  std::string secret;
  while (secret.size() < length) secret += kLetters[which(random)];
  return secret;
}

}  // namespace purser::testing
