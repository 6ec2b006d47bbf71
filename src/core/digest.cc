#include "purser/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <new>

#include "core/text.h"

namespace purser {
namespace {

struct Algorithm {
  std::string_view name;
  const char* openssl_name;
  std::size_t hex_digits;
};
constexpr std::array<Algorithm, 2> kAlgorithms{
    {{"sha256", "SHA256", 64}, {"sha512", "SHA512", 128}}};

const Algorithm* find_algorithm(std::string_view name) {
  const auto it = std::find_if(kAlgorithms.begin(), kAlgorithms.end(),
                               [&](const Algorithm& a) { return a.name == name; });
  return it == kAlgorithms.end() ? nullptr : &*it;
}

// Fetched once: OpenSSL 3 looks an algorithm up anew for each use of the old constants.
const EVP_MD* implementation(const Algorithm& algorithm) {
  static const std::array<const EVP_MD*, kAlgorithms.size()> implementations = [] {
    std::array<const EVP_MD*, kAlgorithms.size()> all{};
    std::transform(kAlgorithms.begin(), kAlgorithms.end(), all.begin(), [](const Algorithm& a) {
      return EVP_MD_fetch(nullptr, a.openssl_name, nullptr);
    });
    return all;
  }();
  return implementations[static_cast<std::size_t>(&algorithm - kAlgorithms.data())];
}

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

Unexpected malformed(std::string_view text, std::string message, std::string hint) {
  return Unexpected(Error{.code = ErrorCode::invalid_argument,
                          .message = std::move(message),
                          .operation = "parse the digest",
                          .subject = shorten(sanitize_for_terminal(text), 160),
                          .hint = std::move(hint)});
}

}  // namespace

Result<Digest> Digest::parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return malformed(text, "it has no algorithm", "Write it as sha256:<64 hex digits>");
  }
  const Algorithm* algorithm = find_algorithm(text.substr(0, colon));
  if (algorithm == nullptr) {
    return malformed(text, "its algorithm is neither sha256 nor sha512", "");
  }
  const std::string_view hex = text.substr(colon + 1);
  if (hex.size() != algorithm->hex_digits) {
    return malformed(text,
                     "it has " + std::to_string(hex.size()) + " hex digits where " +
                         std::string(algorithm->name) + " has " +
                         std::to_string(algorithm->hex_digits),
                     "");
  }
  if (!std::all_of(hex.begin(), hex.end(), is_lower_hex)) {
    return malformed(text, "only 0-9 and a-f may follow the algorithm", "");
  }
  return Digest(std::string(text));
}

Digest Digest::of(std::string_view bytes) {
  Hasher hasher = Hasher::create("sha256").value();
  hasher.update(bytes);
  return std::move(hasher).finish();
}

std::string_view Digest::algorithm() const noexcept {
  return std::string_view(text_).substr(0, text_.find(':'));
}

std::string_view Digest::hex() const noexcept {
  return std::string_view(text_).substr(text_.find(':') + 1);
}

bool Digest::matches(std::string_view bytes) const {
  Hasher hasher = Hasher::create(algorithm()).value();
  hasher.update(bytes);
  return std::move(hasher).finish() == *this;
}

struct Hasher::State {
  explicit State(const Algorithm& a) : algorithm(a), context(EVP_MD_CTX_new()) {
    // With a built-in algorithm this fails only for want of memory.
    if (context == nullptr || EVP_DigestInit_ex2(context, implementation(a), nullptr) != 1) {
      EVP_MD_CTX_free(context);
      throw std::bad_alloc();
    }
  }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  const Algorithm& algorithm;
  EVP_MD_CTX* context;
};

Hasher::Hasher(std::unique_ptr<State> state) : state_(std::move(state)) {}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

Result<Hasher> Hasher::create(std::string_view algorithm) {
  const Algorithm* known = find_algorithm(algorithm);
  if (known == nullptr) {
    return Unexpected(Error{.code = ErrorCode::invalid_argument,
                            .message = "only sha256 and sha512 are known",
                            .operation = "hash with",
                            .subject = shorten(sanitize_for_terminal(algorithm), 40)});
  }
  return Hasher(std::make_unique<State>(*known));
}

void Hasher::update(std::string_view bytes) {
  if (EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) != 1) throw std::bad_alloc();
}

Digest Hasher::finish() && {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(state_->context, hash.data(), &size) != 1) throw std::bad_alloc();
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text(state_->algorithm.name);
  text += ':';
  for (unsigned int i = 0; i < size; ++i) {
    text += kHex[hash[i] >> 4];
    text += kHex[hash[i] & 0x0F];
  }
  state_.reset();
  return Digest(std::move(text));
}

}  // namespace purser
