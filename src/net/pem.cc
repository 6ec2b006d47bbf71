#include "net/pem.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "core/text.h"

namespace purser::net {
namespace {

constexpr std::size_t kMaxPemBytes = std::size_t{16} << 20U;

template <auto free_function>
struct Freer {
  template <class T>
  void operator()(T* pointer) const {
    static_cast<void>(free_function(pointer));
  }
};
using File = std::unique_ptr<std::FILE, Freer<std::fclose>>;
using Memory = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

std::string shown(const std::string& file) { return shorten(sanitize_for_terminal(file), 300); }

Error unreadable(const std::string& file, int why) {
  return file_error(
      ErrorCode::io, fmt::format("{} cannot be read: {}", shown(file), strerror(why)),
      why == EACCES ? "Give this user the right to read it" : "Check the path of the file");
}

Memory memory_of(const std::string& text) {
  return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Answers OpenSSL's question for a passphrase with none: by default it would ask at the terminal.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

// Leaves nothing in OpenSSL's queue, where the next reader would take it for its own.
struct ErrorQueue {
  ErrorQueue() { ERR_clear_error(); }
  ~ErrorQueue() { ERR_clear_error(); }
  ErrorQueue(const ErrorQueue&) = delete;
  ErrorQueue& operator=(const ErrorQueue&) = delete;
  static bool is_end_of_file() {
    return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  }
};

Result<Key> read_key(const std::string& file) {
  auto text = read_pem(file);
  if (!text) return Unexpected(std::move(text).error());
  const ErrorQueue errors;
  bool encrypted = false;
  Key key(PEM_read_bio_PrivateKey(memory_of(*text).get(), nullptr, &no_passphrase, &encrypted));
  if (encrypted) {
    return Unexpected(file_error(
        ErrorCode::invalid_argument,
        fmt::format("the key {} is encrypted, and no passphrase is asked for", shown(file)),
        fmt::format("Decrypt it: openssl pkey -in {} -out FILE", shown(file))));
  }
  if (!key) {
    return Unexpected(file_error(ErrorCode::invalid_argument,
                                 fmt::format("there is no private key in {}", shown(file)),
                                 "Give a PEM file with the key of the client certificate"));
  }
  return key;
}

}  // namespace

Error file_error(ErrorCode code, std::string message, std::string hint) {
  Error error;
  error.code = code;
  error.operation = "open a client";
  error.message = std::move(message);
  error.hint = std::move(hint);
  return error;
}

Result<std::string> read_pem(const std::string& file) {
  const File handle(std::fopen(file.c_str(), "re"));
  if (!handle) return Unexpected(unreadable(file, errno));
  std::string text(kMaxPemBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), handle.get()));
  if (std::ferror(handle.get()) != 0) return Unexpected(unreadable(file, errno));
  if (text.size() > kMaxPemBytes) {
    return Unexpected(file_error(ErrorCode::invalid_argument,
                                 fmt::format("{} is over 16 MiB", shown(file)), "Give a PEM file"));
  }
  return text;
}

Result<std::string> read_authorities(const std::string& file) {
  auto text = read_pem(file);
  if (!text) return text;
  const Memory memory = memory_of(*text);
  const ErrorQueue errors;
  std::size_t count = 0;
  while (Certificate(PEM_read_bio_X509_AUX(memory.get(), nullptr, nullptr, nullptr))) ++count;
  if (count == 0 || !ErrorQueue::is_end_of_file()) {
    return Unexpected(file_error(
        ErrorCode::invalid_argument,
        count == 0 ? fmt::format("there is no certificate in {}", shown(file))
                   : fmt::format("certificate {} of {} cannot be read", count + 1, shown(file)),
        "Give a PEM file of the CAs to trust"));
  }
  return text;
}

Status check_key_pair(const std::string& cert_file, const std::string& key_file) {
  auto text = read_pem(cert_file);
  if (!text) return Unexpected(std::move(text).error());
  const ErrorQueue errors;
  const Certificate certificate(
      PEM_read_bio_X509_AUX(memory_of(*text).get(), nullptr, nullptr, nullptr));
  if (!certificate) {
    return Unexpected(file_error(ErrorCode::invalid_argument,
                                 fmt::format("there is no certificate in {}", shown(cert_file)),
                                 "Give a PEM file with the client certificate"));
  }
  const auto key = read_key(key_file);
  if (!key) return Unexpected(key.error());
  if (X509_check_private_key(certificate.get(), key->get()) == 1) return {};
  return Unexpected(file_error(
      ErrorCode::invalid_argument,
      fmt::format("{} is not the key of the certificate {}", shown(key_file), shown(cert_file)),
      "Give the two that were made together"));
}

}  // namespace purser::net
