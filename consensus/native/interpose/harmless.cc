// What a fork that serves a visitor may not do: the program's files are the program's.
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cerrno>
#include <vector>

#include "real.h"
#include "visits.h"

namespace gaia::interpose {

namespace {

constexpr long denied[] = {
#ifdef SYS_unlink
    SYS_unlink, SYS_rename, SYS_link, SYS_symlink, SYS_mkdir, SYS_rmdir, SYS_mknod, SYS_chmod, SYS_chown, SYS_lchown, SYS_creat,
    SYS_utime, SYS_utimes, SYS_futimesat,
#endif
    SYS_unlinkat, SYS_renameat, SYS_renameat2, SYS_linkat, SYS_symlinkat, SYS_mkdirat, SYS_mknodat, SYS_fchmod, SYS_fchmodat,
    SYS_fchown, SYS_fchownat, SYS_utimensat, SYS_truncate, SYS_ftruncate, SYS_fallocate, SYS_connect, SYS_bind, SYS_openat2};

sock_filter load(std::size_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<__u32>(offset)); }
sock_filter unless(std::uint32_t value, std::uint8_t skip) { return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip); }
sock_filter unlessAnyOf(std::uint32_t bits, std::uint8_t skip) { return BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, skip); }
sock_filter give(std::uint32_t value) { return BPF_STMT(BPF_RET | BPF_K, value); }
constexpr std::uint32_t refusal = SECCOMP_RET_ERRNO | EACCES;

// Opening is allowed unless it makes or empties a file.
void denyOpening(std::vector<sock_filter>& filter, long call, int flagsArgument) {
  filter.push_back(unless(static_cast<std::uint32_t>(call), 4));
  filter.push_back(load(offsetof(seccomp_data, args) + 8u * static_cast<unsigned>(flagsArgument)));
  filter.push_back(unlessAnyOf(O_CREAT | O_TRUNC, 1));
  filter.push_back(give(refusal));
  filter.push_back(give(SECCOMP_RET_ALLOW));
}

bool denyCalls() {
  std::vector<sock_filter> filter{load(offsetof(seccomp_data, nr))};
  for (const long call : denied) {
    filter.push_back(unless(static_cast<std::uint32_t>(call), 1));
    filter.push_back(give(refusal));
  }
#ifdef SYS_open
  denyOpening(filter, SYS_open, 1);
#endif
  denyOpening(filter, SYS_openat, 2);
  filter.push_back(give(SECCOMP_RET_ALLOW));
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace

// Files that are open already are guarded by a limit on their size, which holds for every write.
bool becomeHarmless() {
  constexpr rlimit none{0, 0};
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  return real().sigaction(SIGXFSZ, &ignore, nullptr) == 0 && real().setrlimit(RLIMIT_FSIZE, &none) == 0 && denyCalls();
}

}  // namespace gaia::interpose
