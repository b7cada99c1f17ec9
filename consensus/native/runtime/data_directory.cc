#include "runtime/data_directory.h"

#include <fcntl.h>

#include <charconv>
#include <map>
#include <sstream>

#include "transport/sys.h"

namespace gaia {
namespace {

constexpr const char* signature = "member";
constexpr const char* condemnation = "condemned";
constexpr const char* newMember = "; let a new member take this one's place";

std::string memberText(const Member& member) {
  return std::to_string(member.slot) + "," + std::to_string(member.number) + "," +
         std::to_string(member.consensusPort) + "," + std::to_string(member.servicePort) + "," + member.host;
}

std::optional<Member> parseMember(const std::string& text) {
  std::istringstream in(text);
  unsigned slot = 0, consensusPort = 0, servicePort = 0;
  Member member;
  char comma;
  in >> slot >> comma >> member.number >> comma >> consensusPort >> comma >> servicePort >> comma >>
      member.host;
  if (in.fail() || slot >= slotsMax) return std::nullopt;
  member.slot = static_cast<std::uint8_t>(slot);
  member.consensusPort = static_cast<std::uint16_t>(consensusPort);
  member.servicePort = static_cast<std::uint16_t>(servicePort);
  return member;
}

// What could not be synchronised may be gone or zeros.
std::string causeIn(const std::string& text) {
  const std::string cause = text.c_str();
  return cause.empty() ? "its disk has failed" : cause;
}

}  // namespace

DataDirectory::~DataDirectory() { sys::close(lock_); }

bool DataDirectory::fail(const std::string& cause) {
  error_ = "the directory " + path_ + " " + cause;
  return false;
}

bool DataDirectory::take(ReplicaOptions* options, const std::string& key) {
  if (const int code = sys::makeDirectories(path_)) return fail("cannot be created: " + sys::errorText(code));
  if (!lock()) return false;
  std::optional<std::string> text;
  if (!readWhole(condemnation, &text)) return false;
  if (text) return fail("cannot be trusted since " + causeIn(*text) + newMember);
  if (!readWhole(signature, &text)) return false;
  fresh_ = !text;
  if (text) return judge(*text, options, key);
  sys::randomBytes(std::as_writable_bytes(std::span(&seed_, 1)));
  return true;
}

// The lock goes with the process, however it ends.
bool DataDirectory::lock() {
  lock_ = sys::openFile(path_ + "/lock", O_RDWR | O_CREAT);
  if (lock_ < 0) return fail("is not writable: " + sys::errorText(errno));
  if (sys::lockFile(lock_) == 0) return true;
  return fail("is in use by another process; a member runs once");
}

// Nothing: there is no such file. What is there and cannot be read must not pass for that.
bool DataDirectory::readWhole(const std::string& name, std::optional<std::string>* text) {
  text->reset();
  std::unique_ptr<File> file;
  int code = files_.open(path_ + "/" + name, &file);
  if (code == ENOENT) return true;
  if (code == 0) {
    text->emplace(file->bytes(), '\0');
    code = file->read(0, std::as_writable_bytes(std::span(**text)));
  }
  return code == 0 || fail("holds a file \"" + name + "\" that cannot be read: " + sys::errorText(code) + newMember);
}

bool DataDirectory::judge(const std::string& text, ReplicaOptions* options, const std::string& key) {
  std::multimap<std::string, std::string> fields;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals != std::string::npos) fields.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  const auto field = [&](const char* key) {
    const auto found = fields.find(key);
    return found == fields.end() ? std::string() : found->second;
  };
  const std::pair<const char*, std::string> expected[] = {{"group", options->group},
                                                          {"self", memberText(options->self)},
                                                          {"ringBytes", std::to_string(options->ringBytes)}};
  for (const auto& [key, value] : expected) {
    if (field(key) == value) continue;
    return fail("belongs to " + std::string(key) + " " + field(key) + ", not " + value +
                "; start that member with it, or give this one a directory of its own");
  }
  if (field("key") != key) return fail("belongs to another group of the same name; give this one a directory of its own");
  const std::string seed = field("seed");
  std::from_chars(seed.data(), seed.data() + seed.size(), seed_);
  options->join = field("join") == "1";
  if (options->join) return true;  // its log says who the others are
  options->peers.clear();
  for (auto [peer, end] = fields.equal_range("peer"); peer != end; ++peer) {
    if (const auto member = parseMember(peer->second)) options->peers.push_back(*member);
  }
  return true;
}

bool DataDirectory::sign(const ReplicaOptions& options, const std::string& key) {
  std::string text = "group=" + options.group + "\nkey=" + key + "\nself=" + memberText(options.self) +
                     "\nringBytes=" + std::to_string(options.ringBytes) + "\nseed=" + std::to_string(seed_) +
                     "\njoin=" + (options.join ? "1" : "0") + "\n";
  for (const Member& peer : options.peers) text += "peer=" + memberText(peer) + "\n";
  return writeWhole(signature, text);
}

// That the file is there is what counts: the disk that has failed may well refuse to synchronise this, too, or have no
// room for the words.
bool DataDirectory::condemn(const std::string& cause) {
  const std::string name = path_ + "/" + condemnation;
  std::unique_ptr<File> file;
  int code = files_.create(name, cause.size(), &file);
  if (code != 0 && code != EEXIST) code = files_.create(name, 0, &file);
  if (code == EEXIST) return true;
  if (code != 0) return fail("cannot be marked as condemned: " + sys::errorText(code) + "; remove it");
  file->write(0, std::as_bytes(std::span(cause)));
  file->sync();
  files_.sync(path_);
  return true;
}

// Under another name first, so that a crash leaves it whole or absent.
bool DataDirectory::writeWhole(const std::string& name, const std::string& text) {
  const std::string whole = path_ + "/" + name, part = whole + ".new";
  files_.remove(part);
  std::unique_ptr<File> file;
  int code = files_.create(part, text.size(), &file);
  if (code == 0) code = file->write(0, std::as_bytes(std::span(text)));
  if (code == 0) code = file->sync();
  if (code == 0) code = files_.rename(part, whole);
  if (code == 0) code = files_.sync(path_);
  return code == 0 || fail("is not writable: " + sys::errorText(code));
}

}  // namespace gaia
