// SPDX-License-Identifier: Apache-2.0
// `pdtt-exporter doctor`: what this kernel and these privileges allow, and what to do about it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bpf/refusal.h"
#include "config/config.h"

namespace pdtt {

enum class DiagnosisKind { kLayer, kWay, kProgram, kHost };

struct DiagnosisRow {
  DiagnosisKind kind = DiagnosisKind::kHost;
  std::string name;
  std::string layer;  ///< empty for facts about the host
  bool can_run = false;
  std::string detail;  ///< how, or why not
  std::string remedy;  ///< empty if it can run
};

/// A row of what was refused; of what was not, with `detail`.
[[nodiscard]] DiagnosisRow MakeRow(DiagnosisKind kind, std::string_view name,
                                   std::string_view layer, const Refusal& refusal,
                                   std::string_view detail);

struct Diagnosis {
  bool can_run = false;  ///< the cgroup layer can, without which nothing does
  std::string kernel;
  std::string machine;
  std::string cgroup;              ///< empty if there is none
  std::vector<DiagnosisRow> rows;  ///< a layer, its ways and programs, the next layer; the host
};

/// Tries every layer but XDP for real, for a moment; XDP is only loaded, since attaching can reset
/// a network card's link.
[[nodiscard]] Diagnosis Diagnose(const Config& config);

}  // namespace pdtt
