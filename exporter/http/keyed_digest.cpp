// SPDX-License-Identifier: Apache-2.0
#include "http/keyed_digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <stdexcept>
#include <string>

namespace pdtt {

KeyedDigest::KeyedDigest() {
  if (RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1) {
    throw std::runtime_error("the system gives no random bytes");
  }
}

KeyedDigest::Value KeyedDigest::Of(std::initializer_list<std::string_view> parts) const {
  std::string message;
  for (const std::string_view part : parts) {
    message.append(std::to_string(part.size())).append(":").append(part);
  }
  Value value{};
  unsigned size = 0;
  const bool made = HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
                         reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                         value.data(), &size) != nullptr;
  OPENSSL_cleanse(message.data(), message.size());
  if (!made || size != value.size()) {
    throw std::runtime_error("no digest could be made");
  }
  return value;
}

}  // namespace pdtt
