#include <curl/curl.h>

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "net/curl_route.h"
#include "net/curl_tls.h"
#include "net/curl_transfer.h"
#include "purser/transport.h"

namespace purser::http {
namespace {

using net::CurlTransfer;
using net::EasyHandle;
using TimePoint = std::chrono::steady_clock::time_point;

// Idle handles kept for the next requests; each holds a few KiB.
constexpr std::size_t kMaxIdleHandles = 64;
// Longer ones would overflow the clock's arithmetic.
constexpr std::chrono::hours kLongestTimeout{24};

// curl_global_init counts and is not thread-safe everywhere; it is never undone, because another
// part of the program may use libcurl too.
void initialise_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

struct Start {
  RequestId id = 0;
  Request request;
  std::shared_ptr<CompletionQueue> queue;
};
struct Cancel {
  RequestId id = 0;
};
using Order = std::variant<Start, Cancel>;

// Everything below `run` happens on the I/O thread; `inbox_` alone is shared, under `mutex_`.
class CurlTransport : public Transport {
 public:
  explicit CurlTransport(CurlTransportOptions options)
      : options_(std::move(options)), route_(options_), tls_(options_) {}

  ~CurlTransport() override {
    {
      const std::lock_guard lock(mutex_);
      if (!thread_.joinable()) return;
      stopping_ = true;
      curl_multi_wakeup(multi_.get());
    }
    thread_.join();
  }

  void start(RequestId id, Request request, std::shared_ptr<CompletionQueue> queue) override {
    post(Start{id, std::move(request), std::move(queue)});
  }

  void cancel(RequestId id) override { post(Cancel{id}); }

 private:
  void post(Order order) {
    const std::lock_guard lock(mutex_);
    if (!thread_.joinable()) open();
    inbox_.push_back(std::move(order));
    // One wake-up is enough for all that comes before the thread looks.
    if (!std::exchange(wake_pending_, true)) curl_multi_wakeup(multi_.get());
  }

  void open() {
    initialise_curl_once();
    multi_.reset(curl_multi_init());
    CURLM* const multi = multi_.get();
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                      static_cast<long>(options_.max_connections_per_host));
    // By default libcurl keeps four connections for each handle that is in use at the moment: at
    // the end of a burst it would close what the next one needs.
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                      static_cast<long>(options_.max_connections_per_host + 8));
    // Signals are for the program's own threads. SIGPIPE among them: with NOSIGNAL libcurl leaves
    // it as it is, and OpenSSL writes to sockets that may be closed.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void run() {
    while (take_orders()) {
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      collect_finished();
      expire();
      deliver();
      if (!has_orders()) poll();
    }
    abandon_all();
    deliver();
  }

  // False: the transport is being destroyed.
  bool take_orders() {
    std::vector<Order> orders;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return false;
      orders.swap(inbox_);
      wake_pending_ = false;
    }
    for (Order& order : orders) {
      if (auto* start = std::get_if<Start>(&order)) {
        begin(std::move(*start));
      } else {
        abandon(std::get<Cancel>(order).id);
      }
    }
    return true;
  }

  bool has_orders() {
    const std::lock_guard lock(mutex_);
    return stopping_ || !inbox_.empty();
  }

  void begin(Start start) {
    auto transfer =
        std::make_unique<CurlTransfer>(start.id, std::move(start.request), std::move(start.queue));
    EasyHandle easy;
    if (idle_.empty()) {
      easy.reset(curl_easy_init());
    } else {
      easy = std::move(idle_.back());
      idle_.pop_back();
    }
    if (auto failure = transfer->prepare(std::move(easy), options_, route_, tls_)) {
      finished_.emplace_back(transfer->queue(), Completion{transfer->id(), *std::move(failure)});
      retire(*transfer);
      return;
    }
    curl_multi_add_handle(multi_.get(), transfer->easy());
    transfer->set_deadline(
        std::chrono::steady_clock::now() +
        std::min<std::chrono::milliseconds>(transfer->timeout(), kLongestTimeout));
    deadlines_.emplace(transfer->deadline(), transfer->id());
    transfers_.emplace(transfer->id(), std::move(transfer));
  }

  void collect_finished() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CurlTransfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      end(*transfer, transfer->finish(message->data.result));
    }
  }

  // An answer that has not begun in its time ends here: libcurl has no limit of that kind.
  void expire() {
    const auto now = std::chrono::steady_clock::now();
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
      const RequestId id = deadlines_.begin()->second;
      CurlTransfer& transfer = *transfers_.at(id);
      if (transfer.answer_has_begun()) {
        deadlines_.erase(deadlines_.begin());
        continue;
      }
      const auto waited = transfer.timeout();
      end(transfer, Failure{Failure::Kind::timeout,
                            "no answer within " + std::to_string(waited.count()) + " ms"});
    }
  }

  void abandon(RequestId id) {
    const auto found = transfers_.find(id);
    if (found == transfers_.end()) return;
    end(*found->second, Failure{Failure::Kind::cancelled, "cancelled"});
  }

  void abandon_all() {
    while (!transfers_.empty()) abandon(transfers_.begin()->first);
    const std::lock_guard lock(mutex_);
    for (Order& order : inbox_) {
      if (auto* start = std::get_if<Start>(&order)) {
        finished_.emplace_back(
            start->queue, Completion{start->id, Failure{Failure::Kind::cancelled, "cancelled"}});
      }
    }
    inbox_.clear();
  }

  void end(CurlTransfer& transfer, Outcome outcome) {
    curl_multi_remove_handle(multi_.get(), transfer.easy());
    deadlines_.erase({transfer.deadline(), transfer.id()});
    finished_.emplace_back(transfer.queue(), Completion{transfer.id(), std::move(outcome)});
    retire(transfer);
    transfers_.erase(transfer.id());
  }

  void retire(CurlTransfer& transfer) {
    EasyHandle easy = transfer.release();
    if (easy && idle_.size() < kMaxIdleHandles) idle_.push_back(std::move(easy));
  }

  // One push for each queue, so that its thread wakes once for all.
  void deliver() {
    std::map<std::shared_ptr<CompletionQueue>, std::vector<Completion>> by_queue;
    for (auto& [queue, completion] : finished_) by_queue[queue].push_back(std::move(completion));
    finished_.clear();
    for (auto& [queue, completions] : by_queue) queue->push_all(std::move(completions));
  }

  void poll() {
    auto timeout = std::chrono::milliseconds(60'000);
    if (!deadlines_.empty()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(
          deadlines_.begin()->first - std::chrono::steady_clock::now());
      timeout = std::clamp(left, std::chrono::milliseconds(0), timeout);
    }
    // An error here is CURLM_UNRECOVERABLE_POLL after a signal (EINTR, libcurl 7.88): the loop
    // comes round and polls again.
    curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(timeout.count()), nullptr);
  }

  const CurlTransportOptions options_;
  const net::CurlRoute route_;
  net::CurlTls tls_;

  std::mutex mutex_;
  std::vector<Order> inbox_;
  bool wake_pending_ = false;
  bool stopping_ = false;
  std::thread thread_;

  // Handles go before the multi that they may have been in.
  std::unique_ptr<CURLM, MultiDeleter> multi_;
  std::vector<EasyHandle> idle_;
  std::unordered_map<RequestId, std::unique_ptr<CurlTransfer>> transfers_;
  std::set<std::pair<TimePoint, RequestId>> deadlines_;
  std::vector<std::pair<std::shared_ptr<CompletionQueue>, Completion>> finished_;
};

}  // namespace

std::vector<std::string> default_certs_roots() {
  std::vector<std::string> roots;
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    roots.push_back(std::string(home) + "/.config/containers/certs.d");
  }
  roots.insert(roots.end(), {"/etc/containers/certs.d", "/etc/docker/certs.d"});
  return roots;
}

std::shared_ptr<Transport> curl_transport(CurlTransportOptions options) {
  return std::make_shared<CurlTransport>(std::move(options));
}

}  // namespace purser::http
