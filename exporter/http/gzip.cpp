// SPDX-License-Identifier: Apache-2.0
#include "http/gzip.h"

#include <isa-l/igzip_lib.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace pdtt {

struct GzipStream::State {
  isal_zstream stream;
  std::array<std::uint8_t, ISAL_DEF_LVL1_DEFAULT> level_buffer;
  std::array<std::uint8_t, 4096> output;
  // ISA-L takes six times as long for lines as for blocks of this size.
  std::array<std::uint8_t, 65536> input;
  std::size_t input_size;
};

GzipStream::GzipStream(Sink output)
    // Not value-initialised: isal_deflate_init sets what it reads, and clearing 430 KiB costs more
    // than compressing a small page.
    : output_(std::move(output)), state_(std::make_unique_for_overwrite<State>()) {
  isal_zstream& stream = state_->stream;
  isal_deflate_init(&stream);
  stream.level = 1;
  stream.level_buf = state_->level_buffer.data();
  stream.level_buf_size = static_cast<std::uint32_t>(state_->level_buffer.size());
  stream.gzip_flag = IGZIP_GZIP;
  state_->input_size = 0;
}

GzipStream::~GzipStream() = default;

bool GzipStream::Write(std::string_view bytes) {
  auto& input = state_->input;
  while (!bytes.empty()) {
    const std::size_t taken = bytes.copy(reinterpret_cast<char*>(input.data()) + state_->input_size,
                                         input.size() - state_->input_size);
    bytes.remove_prefix(taken);
    state_->input_size += taken;
    if (state_->input_size == input.size() && !Run()) {
      return false;
    }
  }
  return true;
}

bool GzipStream::Finish() {
  state_->stream.end_of_stream = 1;
  return Run();
}

bool GzipStream::Run() {
  isal_zstream& stream = state_->stream;
  auto& output = state_->output;
  stream.next_in = state_->input.data();
  stream.avail_in = static_cast<std::uint32_t>(std::exchange(state_->input_size, 0));
  do {
    stream.next_out = output.data();
    stream.avail_out = static_cast<std::uint32_t>(output.size());
    if (isal_deflate(&stream) != COMP_OK) {
      throw std::runtime_error("gzip compression failed");
    }
    const std::size_t size = output.size() - stream.avail_out;
    if (size > 0 && !output_({reinterpret_cast<const char*>(output.data()), size})) {
      return false;
    }
  } while (stream.avail_out == 0);
  return true;
}

}  // namespace pdtt
