// SPDX-License-Identifier: Apache-2.0
#include "collect/redaction.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>

#include "collect/snapshot_builder.h"

namespace pdtt {

Pseudonyms::Pseudonyms() {
  if (RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1) {
    throw std::runtime_error("there is no randomness to hide addresses with");
  }
}

IpAddress Pseudonyms::Of(std::uint32_t uid, const IpAddress& address) const {
  std::array<std::uint8_t, sizeof(uid) + sizeof(address)> text{};
  std::memcpy(text.data(), &uid, sizeof(uid));
  std::copy(address.begin(), address.end(), text.begin() + sizeof(uid));
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), text.data(), text.size(),
           digest.data(), nullptr) == nullptr) {
    throw std::runtime_error("HMAC failed");
  }
  IpAddress pseudonym{};
  std::copy_n(digest.begin(), pseudonym.size(), pseudonym.begin());
  return pseudonym;
}

Snapshot Redacted(Snapshot snapshot, const Privacy& privacy, const Pseudonyms& pseudonyms) {
  snapshot.privacy = privacy;
  if (privacy.hide_connections) {
    snapshot.series -= snapshot.connections.size() * kSeriesPerConnection;
    snapshot.connections.clear();
  }
  if (privacy.hide_remote_addresses) {
    for (Connection& connection : snapshot.connections) {
      connection.remote_address =
          pseudonyms.Of(snapshot.users.at(connection.user).uid, connection.remote_address);
    }
  }
  if (privacy.uids_only) {
    for (User& user : snapshot.users) {
      user.name = std::to_string(user.uid);
    }
    for (Connection& connection : snapshot.connections) {
      connection.pid = 0;
      connection.command.clear();
    }
  }
  return snapshot;
}

}  // namespace pdtt
