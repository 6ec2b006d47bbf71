// Digests: the content addresses of manifests and blobs (OCI image-spec, descriptor.md#digests).
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "purser/result.h"

namespace purser {

// `sha256:<64 lower-case hex>` or `sha512:<128 lower-case hex>`; nothing else is a digest.
// A Digest always holds a valid one, so it can go into a URL or a file name as it is.
// Thread rule: a value.
class Digest {
 public:
  // Errors: invalid_argument.
  static Result<Digest> parse(std::string_view text);
  // The SHA-256 digest of the bytes.
  static Digest of(std::string_view bytes);

  const std::string& str() const noexcept { return text_; }  // "sha256:9f86…"
  std::string_view algorithm() const noexcept;               // "sha256"
  std::string_view hex() const noexcept;                     // "9f86…"
  // The first twelve hex digits, for people.
  std::string_view short_hex() const noexcept { return hex().substr(0, 12); }

  // Do these bytes hash to this digest, by this digest's own algorithm?
  bool matches(std::string_view bytes) const;

  friend auto operator<=>(const Digest&, const Digest&) = default;
  friend bool operator==(const Digest&, const Digest&) = default;

 private:
  explicit Digest(std::string text) : text_(std::move(text)) {}
  std::string text_;
  friend class Hasher;
};

// Hashes bytes that arrive in pieces. Thread rule: one thread at a time.
class Hasher {
 public:
  // `algorithm` is "sha256" or "sha512". Errors: invalid_argument.
  static Result<Hasher> create(std::string_view algorithm);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();

  void update(std::string_view bytes);
  // Ends the hashing; the Hasher must not be used after it.
  Digest finish() &&;

 private:
  struct State;
  explicit Hasher(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace purser

template <>
struct std::hash<purser::Digest> {
  std::size_t operator()(const purser::Digest& digest) const noexcept {
    return std::hash<std::string>{}(digest.str());
  }
};
