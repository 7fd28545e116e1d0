// SPDX-License-Identifier: Apache-2.0
// A name service as bad as the file in PDTT_NAME_SERVICE says: "hangs" while that is in it,
// "fails", or knows nobody, so that the next service in nsswitch.conf is asked.

#include <nss.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string>

namespace {

constexpr useconds_t kPatience = 10'000;

std::string State() {
  std::string state;
  if (const char* const file = std::getenv("PDTT_NAME_SERVICE"); file != nullptr) {
    std::ifstream{file} >> state;
  }
  return state;
}

}  // namespace

extern "C" nss_status _nss_pdtttest_getpwuid_r(uid_t /*uid*/, passwd* /*entry*/, char* /*buffer*/,
                                               size_t /*size*/, int* error) {
  while (State() == "hangs") {
    usleep(kPatience);
  }
  if (State() == "fails") {
    *error = EIO;
    return NSS_STATUS_UNAVAIL;
  }
  *error = ENOENT;
  return NSS_STATUS_NOTFOUND;
}
