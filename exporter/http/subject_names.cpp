// SPDX-License-Identifier: Apache-2.0
#include "http/subject_names.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>

namespace pdtt {
namespace {

struct NamesDeleter {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

std::string Bytes(const ASN1_STRING* string) {
  // With its length: a NUL inside must not hide what follows it.
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

/// As people write it; empty if it isn't an address.
std::string AddressText(const std::string& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == sizeof(in_addr)    ? AF_INET
                     : bytes.size() == sizeof(in6_addr) ? AF_INET6
                                                        : AF_UNSPEC;
  if (family == AF_UNSPEC || inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr) {
    return {};
  }
  return text.data();
}

std::string Text(const GENERAL_NAME* name) {
  switch (name->type) {
    case GEN_DNS:
      return Bytes(name->d.dNSName);
    case GEN_EMAIL:
      return Bytes(name->d.rfc822Name);
    case GEN_URI:
      return Bytes(name->d.uniformResourceIdentifier);
    case GEN_IPADD:
      return AddressText(Bytes(name->d.iPAddress));
    default:
      return {};
  }
}

}  // namespace

bool HasSubjectName(const X509* certificate, std::span<const std::string> allowed) {
  const std::unique_ptr<GENERAL_NAMES, NamesDeleter> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const std::string name = Text(sk_GENERAL_NAME_value(names.get(), i));
    if (!name.empty() && std::ranges::find(allowed, name) != allowed.end()) {
      return true;
    }
  }
  return false;
}

}  // namespace pdtt
