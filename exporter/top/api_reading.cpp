// SPDX-License-Identifier: Apache-2.0
#include "top/api_reading.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace pdtt::top {
namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void Refuse(const char* name, const char* problem) {
  throw BadAnswer(std::string(name) + ' ' + problem);
}

Json Parse(std::string_view path, const std::string& body) {
  Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    throw BadAnswer(std::string(path) + " is not a JSON object");
  }
  return json;
}

/// One object of an answer.
class Object {
 public:
  Object(const Json& json, const char* name) : json_(json) {
    if (!json.is_object()) {
      Refuse(name, "is not an object");
    }
  }

  [[nodiscard]] const Json& Member(const char* name) const {
    const auto found = json_.find(name);
    if (found == json_.end()) {
      Refuse(name, "is missing");
    }
    return *found;
  }

  [[nodiscard]] std::string Text(const char* name) const {
    const Json& value = Member(name);
    if (!value.is_string()) {
      Refuse(name, "is not a string");
    }
    return value.get<std::string>();
  }

  /// Empty for what the exporter was told to hide.
  [[nodiscard]] std::string TextOrNull(const char* name) const {
    const auto found = json_.find(name);
    return found == json_.end() || found->is_null() ? std::string{} : Text(name);
  }

  [[nodiscard]] std::uint64_t Count(const char* name) const {
    const Json& value = Member(name);
    if (!value.is_number_unsigned()) {
      Refuse(name, "is not a count");
    }
    return value.get<std::uint64_t>();
  }

  [[nodiscard]] std::optional<std::uint64_t> CountOrNull(const char* name) const {
    const auto found = json_.find(name);
    return found == json_.end() || found->is_null() ? std::nullopt : std::optional{Count(name)};
  }

  [[nodiscard]] double Number(const char* name) const { return ToNumber(Member(name), name); }

  [[nodiscard]] bool Bool(const char* name) const {
    const Json& value = Member(name);
    if (!value.is_boolean()) {
      Refuse(name, "is neither true nor false");
    }
    return value.get<bool>();
  }

  /// What `read` makes of each item of a list.
  template <typename Read>
  [[nodiscard]] auto List(const char* name, Read read) const {
    const Json& value = Member(name);
    if (!value.is_array()) {
      Refuse(name, "is not a list");
    }
    std::vector<decltype(read(value))> items;
    for (const Json& item : value) {
      items.push_back(read(item));
    }
    return items;
  }

  [[nodiscard]] static double ToNumber(const Json& value, const char* name) {
    const double number = value.is_number() ? value.get<double>() : -1;
    if (!std::isfinite(number) || number < 0) {
      Refuse(name, "is not a number of 0 or more");
    }
    return number;
  }

 private:
  const Json& json_;
};

Moved ReadMoved(const Object& object) {
  return {object.Count("receive_bytes"), object.Count("transmit_bytes"),
          object.Number("receive_bytes_per_second"), object.Number("transmit_bytes_per_second")};
}

LayerHealth ReadLayer(const Json& json) {
  const Object layer(json, "a layer");
  return {layer.Text("layer"), layer.Bool("up"), layer.Text("mode"), layer.Text("reason")};
}

TableFill ReadTable(const Json& json) {
  const Object table(json, "a table");
  return {table.Text("table"), table.CountOrNull("entries"), table.CountOrNull("capacity"),
          table.Count("insert_failures")};
}

Status ReadStatus(const Json& json) {
  const Object object(json, "the status");
  const Object totals(object.Member("totals"), "totals");
  Status status;
  status.version = object.Text("version");
  status.hostname = object.Text("hostname");
  status.time = object.Number("time");
  status.layers = object.List("layers", ReadLayer);
  status.tables = object.List("tables", ReadTable);
  status.totals = ReadMoved(totals);
  status.unattributed_bytes =
      totals.Count("unattributed_receive_bytes") + totals.Count("unattributed_transmit_bytes");
  return status;
}

/// The sum of both directions; they may differ in length by an interval.
std::vector<double> ReadHistory(const Json& json) {
  const Object history(json, "history");
  const auto rates = [&](const char* name) {
    return history.List(name, [name](const Json& rate) { return Object::ToNumber(rate, name); });
  };
  std::vector<double> sum = rates("receive_bytes_per_second");
  std::vector<double> other = rates("transmit_bytes_per_second");
  if (sum.size() < other.size()) {
    std::swap(sum, other);
  }
  std::transform(other.rbegin(), other.rend(), sum.rbegin(), sum.rbegin(), std::plus<>{});
  return sum;
}

UserRow ReadUser(const Json& json) {
  const Object object(json, "a user");
  UserRow user;
  const std::uint64_t uid = object.Count("uid");
  user.uid = static_cast<std::uint32_t>(uid);
  if (user.uid != uid) {
    Refuse("uid", "is not a uid");
  }
  user.user = object.Text("user");
  user.moved = ReadMoved(object);
  user.share = std::min(object.Number("share"), 1.0);
  user.connections = object.Count("connections");
  user.history = ReadHistory(object.Member("history"));
  return user;
}

std::string Endpoint(const Object& object, const char* address_name, const char* port_name) {
  std::string address = object.TextOrNull(address_name);
  if (address.empty()) {
    return {};
  }
  if (address.find(':') != std::string::npos) {
    address = '[' + address + ']';
  }
  const std::optional<std::uint64_t> port = object.CountOrNull(port_name);
  return port ? address + ':' + std::to_string(*port) : address;
}

ConnectionRow ReadConnection(const Json& json) {
  const Object object(json, "a connection");
  ConnectionRow row;
  row.user = object.Text("user");
  row.command = object.TextOrNull("command");
  row.pid = object.CountOrNull("pid").value_or(0);
  row.protocol = object.Text("protocol");
  row.direction = object.Text("direction");
  row.local = Endpoint(object, "local_address", "local_port");
  row.remote = Endpoint(object, "remote_address", "remote_port");
  row.network = object.TextOrNull("network");
  row.moved = ReadMoved(object);
  return row;
}

}  // namespace

Reading ParseReading(const Bodies& bodies) {
  const Json status_json = Parse(kStatusPath, bodies.status);
  const Json users_json = Parse(kUsersPath, bodies.users);
  const Json connections_json = Parse(kConnectionsPath, bodies.connections);
  const Object users(users_json, "the users");
  const Object connections(connections_json, "the connections");
  Reading reading;
  reading.status = ReadStatus(status_json);
  reading.window_seconds = users.Number("window_seconds");
  reading.users = users.List("users", ReadUser);
  reading.connections.tracked = connections.Count("tracked");
  reading.connections.hidden = connections.Bool("hidden");
  reading.connections.rows = connections.List("connections", ReadConnection);
  return reading;
}

std::string CombinedJson(const Bodies& bodies) {
  const Json combined = {{"status", Parse(kStatusPath, bodies.status)},
                         {"users", Parse(kUsersPath, bodies.users)},
                         {"connections", Parse(kConnectionsPath, bodies.connections)}};
  return combined.dump(2, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
}

std::string ErrorText(std::string_view body) {
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  const auto found = json.is_object() ? json.find("error") : json.end();
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace pdtt::top
