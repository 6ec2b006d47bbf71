#include "testing/certificates.h"

#include <fmt/core.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdint>
#include <vector>

#include "testing/harness_error.h"

namespace purser::testing {
namespace {

constexpr long kDay = 24 * 60 * 60;

template <auto free_function>
struct Freer {
  template <class T>
  void operator()(T* pointer) const {
    free_function(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Memory = std::unique_ptr<BIO, Freer<BIO_free_all>>;

void check(bool good, const char* what) {
  if (!good) throw HarnessError(fmt::format("OpenSSL cannot {}", what));
}

std::string text_of(const Memory& memory) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

Memory memory_of(std::string_view text) {
  return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Key read_key(const std::string& pem) {
  Key key(PEM_read_bio_PrivateKey(memory_of(pem).get(), nullptr, nullptr, nullptr));
  check(key != nullptr, "read the key");
  return key;
}

std::string pem_of(const Key& key) {
  const Memory memory(BIO_new(BIO_s_mem()));
  check(PEM_write_bio_PKCS8PrivateKey(memory.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                      nullptr) == 1,
        "write the key");
  return text_of(memory);
}

std::string pem_of(const Certificate& certificate) {
  const Memory memory(BIO_new(BIO_s_mem()));
  check(PEM_write_bio_X509(memory.get(), certificate.get()) == 1, "write the certificate");
  return text_of(memory);
}

void add_extension(const Certificate& certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate.get(), certificate.get(), nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  check(extension != nullptr && X509_add_ext(certificate.get(), extension, -1) == 1,
        "add an extension");
  X509_EXTENSION_free(extension);
}

// Unsigned: who signs it names the issuer.
Certificate certificate_for(const Key& key, std::string_view name, long begins, long ends) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  std::uint32_t serial = 0;
  check(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1, "draw a number");
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial | 1U);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), begins);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), ends);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.data()),
                             static_cast<int>(name.size()), -1, 0);
  return certificate;
}

void sign(const Certificate& certificate, const X509_NAME* issuer, const Key& key) {
  X509_set_issuer_name(certificate.get(), issuer);
  check(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "sign the certificate");
}

Key new_key() {
  Key key(EVP_EC_gen("P-256"));
  check(key != nullptr, "make a key");
  return key;
}

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, 32> hash{};
  check(EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, EVP_sha256(), nullptr) == 1,
        "hash");
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

std::string base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace

KeyPair self_signed(std::string_view name) {
  const Key key = new_key();
  const Certificate certificate = certificate_for(key, name, -kDay, 30 * kDay);
  add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, NID_key_usage, "critical,keyCertSign,digitalSignature");
  sign(certificate, X509_get_subject_name(certificate.get()), key);
  return {pem_of(key), pem_of(certificate)};
}

CertificateAuthority::CertificateAuthority(std::string_view name) : own_(self_signed(name)) {}

KeyPair CertificateAuthority::issue(const CertificateOptions& options) const {
  const Key authority_key = read_key(own_.key_pem);
  const Certificate authority(
      PEM_read_bio_X509(memory_of(own_.certificate_pem).get(), nullptr, nullptr, nullptr));
  check(authority != nullptr, "read the certificate of the authority");
  const Key key = new_key();
  const Certificate certificate =
      certificate_for(key, options.host, -10 * kDay, options.expired ? -kDay : 30 * kDay);
  add_extension(certificate, NID_subject_alt_name,
                fmt::format("DNS:{},IP:127.0.0.1,IP:::1", options.host));
  add_extension(certificate, NID_ext_key_usage, options.client ? "clientAuth" : "serverAuth");
  sign(certificate, X509_get_subject_name(authority.get()), authority_key);
  return {pem_of(key), pem_of(certificate)};
}

std::string sign_es256(const std::string& key_pem, std::string_view bytes) {
  const Key key = read_key(key_pem);
  const std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  std::array<unsigned char, 128> der{};
  std::size_t size = der.size();
  check(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
            EVP_DigestSign(context.get(), der.data(), &size,
                           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) == 1,
        "sign");
  const unsigned char* cursor = der.data();
  const std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>> signature(
      d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(size)));
  check(signature != nullptr, "read its own signature");
  std::array<unsigned char, 64> raw{};
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + 32, 32);
  return {reinterpret_cast<const char*>(raw.data()), raw.size()};
}

// Base 32 of the first 240 bits of the SHA-256 of the public key, in groups of four.
std::string libtrust_key_id(const std::string& key_pem) {
  const Key key = read_key(key_pem);
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  check(size > 0, "write the public key");
  const std::string hash =
      sha256({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);

  std::string id;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char byte : std::string_view(hash).substr(0, 30)) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (count += 8; count >= 5; count -= 5) {
      if (id.size() % 5 == 4) id += ':';
      id += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[bits >> (count - 5) & 31U];
    }
  }
  return id;
}

std::string base64url(std::string_view bytes) {
  std::string text = base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

std::string base64_decode(std::string_view text) {
  std::string bytes(text.size() + 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return {};
  bytes.resize(static_cast<std::size_t>(size));
  for (std::size_t i = text.size(); i > 0 && text[i - 1] == '=' && !bytes.empty(); --i) {
    bytes.pop_back();
  }
  return bytes;
}

}  // namespace purser::testing
