// SPDX-License-Identifier: Apache-2.0
// Why the kernel refused something, and what to do about it, in plain words.
#pragma once

#include <string>
#include <string_view>

#include "bpf/kernel_facts.h"

namespace pdtt {

/// Both are empty where nothing was refused.
struct Refusal {
  std::string reason;
  std::string remedy;
};

/// Both in one line.
[[nodiscard]] std::string ToText(const Refusal& refusal);

/// What the kernel was asked for.
enum class Step {
  kLoad,
  kAttachCgroup,
  kAttachTracing,  ///< to a BTF tracepoint or to a function, as fentry and fexit are
  kAttachKprobe,
  kAttachXdp,
  kAttachIterator,
  kReadMap,
};

/// `error` is an errno, be it negative or positive. `log` is what libbpf and the verifier said,
/// LibbpfLog::Text(). Nothing is guessed: where no fact explains the error the reason says what the
/// kernel answered.
[[nodiscard]] Refusal ExplainRefusal(Step step, int error, std::string_view log,
                                     const KernelFacts& facts);

/// Why BPF can't be used at all, as far as facts tell it. Empty where nothing stands in the way.
[[nodiscard]] Refusal RefusalOfTypes(const KernelFacts& facts);
[[nodiscard]] Refusal RefusalOfPrivileges(const KernelFacts& facts);
[[nodiscard]] Refusal RefusalOfMemlock(const KernelFacts& facts);

}  // namespace pdtt
