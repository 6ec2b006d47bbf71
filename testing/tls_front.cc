#include "testing/tls_front.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "testing/harness_error.h"

namespace purser::testing {
namespace {

using Session = std::unique_ptr<SSL, decltype(&SSL_free)>;
using Memory = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

Memory memory_of(const std::string& pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free_all};
}

void ask_for_certificate(SSL_CTX* context, const TlsRules& rules) {
  const std::unique_ptr<X509, decltype(&X509_free)> authority(
      PEM_read_bio_X509(memory_of(rules.clients->certificate_pem()).get(), nullptr, nullptr,
                        nullptr),
      &X509_free);
  if (!authority || X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1) {
    throw HarnessError("OpenSSL takes no authority of clients");
  }
  const int required = rules.certificate_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | required, nullptr);
  // A session that is taken up again must belong to somebody: OpenSSL refuses it otherwise.
  const unsigned char id[] = "purser";
  SSL_CTX_set_session_id_context(context, id, sizeof id - 1);
}

// Off by default in Debian's OpenSSL, which takes them at its lowest level of security alone.
void allow_old_versions_only(SSL_CTX* context) {
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
}

std::string common_name_of_peer(const SSL* session) {
  const X509* certificate = SSL_get0_peer_certificate(session);
  if (certificate == nullptr) return {};
  std::array<char, 256> name{};
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                             name.data(), static_cast<int>(name.size()));
  return {name.data(), static_cast<std::size_t>(std::max(size, 0))};
}

std::shared_ptr<SSL_CTX> context_of(const KeyPair& identity, const TlsRules& rules) {
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(memory_of(identity.certificate_pem).get(), nullptr, nullptr, nullptr),
      &X509_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(memory_of(identity.key_pem).get(), nullptr, nullptr, nullptr),
      &EVP_PKEY_free);
  if (!context || SSL_CTX_use_certificate(context.get(), certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1) {
    throw HarnessError("OpenSSL takes no server certificate");
  }
  if (rules.clients != nullptr) ask_for_certificate(context.get(), rules);
  if (rules.old_versions_only) allow_old_versions_only(context.get());
  return context;
}

// From the client to the server until one of them is gone. False: it is.
bool decrypt_some(SSL* session, const Socket& server) {
  std::array<char, 16 * 1024> bytes{};
  do {
    const int count = SSL_read(session, bytes.data(), static_cast<int>(bytes.size()));
    if (count <= 0) return false;
    if (!server.send_all({bytes.data(), static_cast<std::size_t>(count)})) return false;
  } while (SSL_pending(session) > 0);
  return true;
}

bool encrypt_some(const Socket& server, SSL* session) {
  std::array<char, 16 * 1024> bytes{};
  const auto count = ::recv(server.get(), bytes.data(), bytes.size(), 0);
  return count > 0 && SSL_write(session, bytes.data(), static_cast<int>(count)) > 0;
}

void pump(SSL* session, const Socket& client, const Socket& server) {
  for (;;) {
    std::array<pollfd, 2> ready{{{client.get(), POLLIN, 0}, {server.get(), POLLIN, 0}}};
    if (poll(ready.data(), ready.size(), -1) < 0) return;
    if (ready[0].revents != 0 && !decrypt_some(session, server)) return;
    if (ready[1].revents != 0 && !encrypt_some(server, session)) return;
  }
}

}  // namespace

TlsFront::TlsFront(std::uint16_t upstream_port, const KeyPair& identity, const std::string& address,
                   std::uint16_t port, const TlsRules& rules)
    : context_(context_of(identity, rules)),
      relay_(Listener::open(address, port), upstream_port,
             [this](const Relay::Pair& pair) { serve(pair); }) {}

std::vector<std::string> TlsFront::clients() const {
  const std::lock_guard lock(mutex_);
  return clients_;
}

std::vector<std::string> TlsFront::names_asked_for() const {
  const std::lock_guard lock(mutex_);
  return names_asked_for_;
}

void TlsFront::note_handshake(const ssl_st* session) {
  const char* name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
  const std::lock_guard lock(mutex_);
  clients_.push_back(common_name_of_peer(session));
  names_asked_for_.emplace_back(name == nullptr ? "" : name);
  ++handshakes_;
}

void TlsFront::serve(const Relay::Pair& pair) {
  // OpenSSL writes to sockets that the client has closed, its farewell above all.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  const Session session(SSL_new(context_.get()), &SSL_free);
  SSL_set_fd(session.get(), pair.client.get());
  if (SSL_accept(session.get()) == 1) {
    note_handshake(session.get());
    pump(session.get(), pair.client, pair.server);
    SSL_shutdown(session.get());
  }
}

}  // namespace purser::testing
