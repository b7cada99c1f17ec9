// The Node addon: turn_thread.h for JavaScript. native.ts declares, in the same order, all that crosses here; both sides
// trust each other: what users hand in is checked in TypeScript before it comes here.
#include <napi.h>

#include "runtime/turn_thread.h"

namespace {

using gaia::TurnEvent;
using gaia::TurnThread;

constexpr int eventsPerCallMax = 256;  // then other work of the event loop goes first

struct Replica;
void callHandler(Napi::Env env, Napi::Function handler, Replica* replica, void*);
using HandlerCall = Napi::TypedThreadSafeFunction<Replica, void, callHandler>;

struct Replica {
  std::unique_ptr<TurnThread> turns;
  HandlerCall handlerCall;
  std::atomic<bool> rung{false};
  bool ended = false;  // JavaScript's thread only

  void ring() {
    if (!rung.exchange(true)) handlerCall.NonBlockingCall();
  }
};
using Handle = Napi::External<std::shared_ptr<Replica>>;

// The process or worker ends without close(): threads must not outlive its heap.
void atExit(void* replica) {
  auto* ending = static_cast<Replica*>(replica);
  ending->turns->stop();
  ending->turns->join();
}

const char* nameOf(TurnEvent::Kind kind) {
  switch (kind) {
    case TurnEvent::Kind::entry: return "entry";
    case TurnEvent::Kind::committed: return "committed";
    case TurnEvent::Kind::refused: return "refused";
    case TurnEvent::Kind::unknown: return "unknown";
    case TurnEvent::Kind::snapshot: return "snapshot";
    case TurnEvent::Kind::restore: return "restore";
    case TurnEvent::Kind::status: return "status";
    case TurnEvent::Kind::ended: return "ended";
  }
  return "";
}

void end(Napi::Env env, Replica& replica) {
  replica.ended = true;
  replica.turns->join();
  napi_remove_env_cleanup_hook(env, atExit, &replica);
  replica.handlerCall.Release();
}

void pass(Napi::Env env, Napi::Function handler, const TurnEvent& event) {
  const bool bytesToo = event.kind == TurnEvent::Kind::entry || event.kind == TurnEvent::Kind::restore;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(event.payload.data());
  const Napi::Value payload =
      bytesToo ? Napi::Value(Napi::Buffer<std::uint8_t>::Copy(env, bytes, event.payload.size())) : env.Null();
  handler.Call({Napi::String::New(env, nameOf(event.kind)), Napi::Number::New(env, static_cast<double>(event.index)),
                Napi::Number::New(env, static_cast<double>(event.proposal)), payload});
}

// On JavaScript's thread. An exception of the handler becomes the process's uncaughtException (Node by itself would only
// warn of one in such a call); later events still come.
void callHandler(Napi::Env env, Napi::Function handler, Replica* replica, void*) {
  if (static_cast<napi_env>(env) == nullptr) return;
  replica->rung = false;
  TurnEvent event;
  for (int i = 0; i < eventsPerCallMax && !replica->ended; i++) {
    if (!replica->turns->take(&event)) return;
    const Napi::HandleScope scope(env);
    if (event.kind == TurnEvent::Kind::ended) end(env, *replica);
    try {
      pass(env, handler, event);
    } catch (const Napi::Error& error) {
      napi_fatal_exception(env, error.Value());
    }
  }
  if (!replica->ended) replica->ring();
}

std::string text(const Napi::Object& from, const char* name) { return from.Get(name).As<Napi::String>(); }
double number(const Napi::Object& from, const char* name) { return from.Get(name).As<Napi::Number>().DoubleValue(); }

gaia::Member toMember(const Napi::Object& from) {
  return {static_cast<std::uint8_t>(number(from, "slot")), static_cast<std::uint32_t>(number(from, "number")),
          text(from, "host"), static_cast<std::uint16_t>(number(from, "consensusPort")),
          static_cast<std::uint16_t>(number(from, "servicePort"))};
}

gaia::TransportChoice toTransport(const std::string& name) {
  if (name == "shm") return gaia::TransportChoice::shm;
  if (name == "verbs") return gaia::TransportChoice::verbs;
  return name == "tcp" ? gaia::TransportChoice::tcp : gaia::TransportChoice::automatic;
}

gaia::ReplicaOptions toOptions(const Napi::Object& from) {
  gaia::ReplicaOptions options;
  options.group = text(from, "group");
  const auto secret = from.Get("secret").As<Napi::Uint8Array>();
  std::copy_n(secret.Data(), std::min(options.secret.size(), secret.ByteLength()), options.secret.begin());
  options.self = toMember(from.Get("self").As<Napi::Object>());
  const auto peers = from.Get("peers").As<Napi::Array>();
  for (std::uint32_t i = 0; i < peers.Length(); i++) options.peers.push_back(toMember(peers.Get(i).As<Napi::Object>()));
  options.join = from.Get("join").As<Napi::Boolean>();
  options.transport = toTransport(text(from, "transport"));
  options.durability = text(from, "durability") == "disk" ? gaia::Durability::disk : gaia::Durability::memory;
  options.journalDirectory = text(from, "journalDirectory");
  options.journalBytesMax = static_cast<std::uint64_t>(number(from, "journalBytesMax"));
  options.suspicionMs = static_cast<std::uint64_t>(number(from, "suspicionMs"));
  options.ringBytes = static_cast<std::size_t>(number(from, "ringBytes"));
  if (from.Get("snapshots").As<Napi::Boolean>()) options.snapshots = gaia::Snapshots::own;
  options.snapshotLogBytes = static_cast<std::uint64_t>(number(from, "snapshotLogBytes"));
  return options;
}

Replica& replicaOf(const Napi::CallbackInfo& info) { return **info[0].As<Handle>().Data(); }

// open(options, onEvent) -> handle
Napi::Value js_open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::string error;
  auto runtime = gaia::Runtime::start(toOptions(info[0].As<Napi::Object>()), &error);
  if (runtime == nullptr) throw Napi::Error::New(env, error);
  auto replica = std::make_shared<Replica>();
  replica->handlerCall = HandlerCall::New(
      env, info[1].As<Napi::Function>(), "gaia replica", 0, 1, replica.get(),
      [](Napi::Env, std::shared_ptr<Replica>* kept, Replica*) { delete kept; }, new std::shared_ptr<Replica>(replica));
  replica->turns = std::make_unique<TurnThread>(std::move(runtime), [raw = replica.get()] { raw->ring(); });
  napi_add_env_cleanup_hook(env, atExit, replica.get());
  return Handle::New(env, new std::shared_ptr<Replica>(replica),
                     [](Napi::Env, std::shared_ptr<Replica>* kept) { delete kept; });
}

// propose(handle, proposal, bytes) -> 'queued' | 'notLeading' | 'full'
Napi::Value js_propose(const Napi::CallbackInfo& info) {
  const auto proposal = static_cast<std::uint64_t>(info[1].As<Napi::Number>().Int64Value());
  const auto array = info[2].As<Napi::Uint8Array>();
  const auto* bytes = reinterpret_cast<const std::byte*>(array.Data());
  switch (replicaOf(info).turns->propose(proposal, {bytes, bytes + array.ByteLength()})) {
    case TurnThread::Proposal::queued: return Napi::String::New(info.Env(), "queued");
    case TurnThread::Proposal::notLeading: return Napi::String::New(info.Env(), "notLeading");
    case TurnThread::Proposal::full: return Napi::String::New(info.Env(), "full");
  }
  return info.Env().Undefined();
}

// withdraw(handle, proposal) -> true: it was still queued, and its event will not come
Napi::Value js_withdraw(const Napi::CallbackInfo& info) {
  const auto proposal = static_cast<std::uint64_t>(info[1].As<Napi::Number>().Int64Value());
  return Napi::Boolean::New(info.Env(), replicaOf(info).turns->withdraw(proposal));
}

Napi::Object fromMember(Napi::Env env, const gaia::Member& member) {
  auto object = Napi::Object::New(env);
  object.Set("slot", member.slot);
  object.Set("number", member.number);
  object.Set("host", member.host);
  object.Set("consensusPort", member.consensusPort);
  object.Set("servicePort", member.servicePort);
  return object;
}

Napi::Array fromConfiguration(Napi::Env env, const std::vector<gaia::Member>& members) {
  auto array = Napi::Array::New(env);
  for (const gaia::Member& member : members) array.Set(array.Length(), fromMember(env, member));
  return array;
}

Napi::Array fromPeers(Napi::Env env, const std::vector<gaia::PeerStatus>& peers) {
  auto array = Napi::Array::New(env);
  for (const gaia::PeerStatus& peer : peers) {
    auto object = Napi::Object::New(env);
    object.Set("member", fromMember(env, peer.member));
    object.Set("connected", peer.connected);
    object.Set("transport", peer.transport);
    object.Set("transportReason", peer.transportReason);
    object.Set("applied", static_cast<double>(peer.applied));
    array.Set(array.Length(), object);
  }
  return array;
}

Napi::Value fromJoining(Napi::Env env, const std::optional<gaia::Joining>& joining) {
  if (!joining) return env.Null();
  auto object = Napi::Object::New(env);
  object.Set("provider", joining->provider);
  object.Set("bytesDone", static_cast<double>(joining->bytesDone));
  object.Set("bytesTotal", static_cast<double>(joining->bytesTotal));
  return object;
}

Napi::Value fromDisk(Napi::Env env, const gaia::Status& status) {
  if (status.durability == gaia::Durability::memory) return env.Null();
  auto object = Napi::Object::New(env);
  object.Set("persisted", static_cast<double>(status.disk.persisted));
  object.Set("recovered", static_cast<double>(status.disk.recovered));
  object.Set("syncs", static_cast<double>(status.disk.syncs));
  object.Set("bytes", static_cast<double>(status.disk.bytes));
  object.Set("syncNs", static_cast<double>(status.disk.syncNs));
  object.Set("error", status.disk.error.empty() ? env.Null() : Napi::String::New(env, status.disk.error));
  return object;
}

// status(handle) -> NativeStatus
Napi::Value js_status(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  constexpr const char* roles[] = {"learner", "follower", "candidate", "leader"};
  const gaia::Status status = replicaOf(info).turns->status();
  auto object = Napi::Object::New(env);
  object.Set("role", roles[static_cast<std::size_t>(status.role)]);
  object.Set("term", static_cast<double>(status.term));
  object.Set("leader", status.leader);
  object.Set("applied", static_cast<double>(status.applied));
  object.Set("committed", static_cast<double>(status.committed));
  object.Set("configurationIndex", static_cast<double>(status.configurationIndex));
  object.Set("configuration", fromConfiguration(env, status.configuration));
  object.Set("peers", fromPeers(env, status.peers));
  object.Set("journalError", status.journalError.empty() ? env.Null() : Napi::String::New(env, status.journalError));
  object.Set("journalFrom", static_cast<double>(status.journalFrom));
  object.Set("journalTo", static_cast<double>(status.journalTo));
  object.Set("snapshotIndex", static_cast<double>(status.snapshotIndex));
  object.Set("snapshotError", status.snapshotError.empty() ? env.Null() : Napi::String::New(env, status.snapshotError));
  object.Set("joining", fromJoining(env, status.joining));
  object.Set("stranded", status.stranded);
  object.Set("disk", fromDisk(env, status));
  return object;
}

Napi::Object fromHistogram(Napi::Env env, const gaia::Histogram& histogram) {
  auto object = Napi::Object::New(env);
  object.Set("count", static_cast<double>(histogram.count()));
  object.Set("sum", static_cast<double>(histogram.sum()));
  auto buckets = Napi::Array::New(env);
  for (std::size_t i = 0; i < gaia::Histogram::bucketCount; i++) {
    if (histogram.inBucket(i) == 0) continue;
    auto bucket = Napi::Array::New(env, 2);
    bucket.Set(0u, static_cast<double>(gaia::Histogram::upperBound(i)));
    bucket.Set(1u, static_cast<double>(histogram.inBucket(i)));
    buckets.Set(buckets.Length(), bucket);
  }
  object.Set("buckets", buckets);
  return object;
}

Napi::Object fromRefusals(Napi::Env env, const gaia::RefusalCounts& counts) {
  auto object = Napi::Object::New(env);
  for (std::size_t i = 0; i < counts.size(); i++) {
    if (counts[i] != 0) object.Set(gaia::refusalNames[i], static_cast<double>(counts[i]));
  }
  return object;
}

// metrics(handle) -> NativeMetrics
Napi::Value js_metrics(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const gaia::Metrics metrics = replicaOf(info).turns->metrics();
  auto object = Napi::Object::New(env);
  object.Set("commitLatencyNs", fromHistogram(env, metrics.commitLatencyNs));
  object.Set("batchEntries", fromHistogram(env, metrics.batchEntries));
  object.Set("batchBytes", fromHistogram(env, metrics.batchBytes));
  object.Set("elections", static_cast<double>(metrics.elections));
  object.Set("divergences", static_cast<double>(metrics.divergences));
  object.Set("refusedConnections", fromRefusals(env, metrics.refusedConnections));
  object.Set("journalBytes", static_cast<double>(metrics.journalBytes));
  return object;
}

// saveSnapshot(handle, bytes | null): the answer to the event 'snapshot'; null: there is none
void js_saveSnapshot(const Napi::CallbackInfo& info) {
  if (info[1].IsNull()) return replicaOf(info).turns->refuseSnapshot();
  const auto array = info[1].As<Napi::Uint8Array>();
  const auto* bytes = reinterpret_cast<const std::byte*>(array.Data());
  replicaOf(info).turns->saveSnapshot({bytes, bytes + array.ByteLength()});
}

// removeMember(handle, slot, number)
void js_removeMember(const Napi::CallbackInfo& info) {
  const auto slot = static_cast<std::uint8_t>(info[1].As<Napi::Number>().Uint32Value());
  replicaOf(info).turns->removeMember(slot, info[2].As<Napi::Number>().Uint32Value());
}

// transferLeadership(handle, number)
void js_transferLeadership(const Napi::CallbackInfo& info) {
  replicaOf(info).turns->transferLeadership(info[1].As<Napi::Number>().Uint32Value());
}

// close(handle): the event 'ended' follows
void js_close(const Napi::CallbackInfo& info) { replicaOf(info).turns->stop(); }

Napi::Object js_module(Napi::Env env, Napi::Object exports) {
  exports.Set("open", Napi::Function::New<js_open>(env));
  exports.Set("propose", Napi::Function::New<js_propose>(env));
  exports.Set("withdraw", Napi::Function::New<js_withdraw>(env));
  exports.Set("status", Napi::Function::New<js_status>(env));
  exports.Set("metrics", Napi::Function::New<js_metrics>(env));
  exports.Set("saveSnapshot", Napi::Function::New<js_saveSnapshot>(env));
  exports.Set("removeMember", Napi::Function::New<js_removeMember>(env));
  exports.Set("transferLeadership", Napi::Function::New<js_transferLeadership>(env));
  exports.Set("close", Napi::Function::New<js_close>(env));
  exports.Set("entryBytesMax", static_cast<double>(gaia::entryBytesMax));
  exports.Set("proposalsMax", static_cast<double>(TurnThread::proposalsMax));
  exports.Set("proposalBytesMax", static_cast<double>(TurnThread::proposalBytesMax));
  exports.Set("snapshotBytesMax", static_cast<double>(gaia::snapshotBytesMax));
  return exports;
}

}  // namespace

NODE_API_MODULE(gaia, js_module)
