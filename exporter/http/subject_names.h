// SPDX-License-Identifier: Apache-2.0
// The names that a certificate says its holder has.
#pragma once

#include <span>
#include <string>

struct x509_st;

namespace pdtt {

/// Whether one of the certificate's subject alternative names (DNS, e-mail, IP, URI) is one of
/// these, letter by letter.
[[nodiscard]] bool HasSubjectName(const x509_st* certificate, std::span<const std::string> allowed);

}  // namespace pdtt
