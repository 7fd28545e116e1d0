// SPDX-License-Identifier: Apache-2.0
// What nobody is to see who may read the exporter.
#pragma once

namespace pdtt {

struct Privacy {
  bool hide_remote_addresses = false;  ///< pseudonyms take their place
  bool hide_connections = false;
  bool uids_only = false;  ///< no names, nor processes, which may tell them

  bool operator==(const Privacy&) const = default;
};

}  // namespace pdtt
