// stillwaterctl pki: what it makes, and what it never does.
#include <filesystem>

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "mgmt/pki/authority.h"
#include "mgmt/pki/files.h"
#include "tests/unit/mgmt/process.h"
#include "tests/unit/mgmt/secured.h"

namespace stillwater::mgmt::test {
namespace {

using Catch::Contains;
using nlohmann::json;

struct Folder {
  Scratch scratch;
  std::string dir = scratch / "pki";

  Finished pki(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {STILLWATERCTL, "pki"});
    arguments.insert(arguments.end(), {"--dir", dir});
    return run(std::move(arguments));
  }
  [[nodiscard]] std::string operator/(const std::string& name) const { return dir + "/" + name; }
};

void done(const Finished& finished) {
  INFO(finished.err);
  REQUIRE(finished.exit == 0);
}

mode_t mode_of(const std::string& path) {
  struct stat file {};
  REQUIRE(::stat(path.c_str(), &file) == 0);
  return file.st_mode & 0777;
}

std::string text_of(const std::string& certificate) {
  const auto shown = run({"/usr/bin/openssl", "x509", "-in", certificate, "-noout", "-text"});
  REQUIRE(shown.exit == 0);
  return shown.out;
}

std::string content(const std::string& path) { return pki::read_file(path).value(); }

}  // namespace

TEST_CASE("pki makes an authority, and certificates that OpenSSL verifies for their purpose") {
  const Folder folder;
  done(folder.pki({"init"}));
  done(folder.pki(
      {"node", "fw-a", "--address", "10.0.0.1", "--address", "2001:db8::1", "--address", "fw-a.example"}));
  done(folder.pki({"client", "ann", "--role", "operator"}));

  const auto verifies = [&](const std::string& name, const std::string& purpose) {
    return run({"/usr/bin/openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile",
                folder / "ca.pem", folder / (name + ".pem")})
               .exit == 0;
  };
  CHECK(verifies("fw-a", "sslserver"));
  CHECK(verifies("fw-a", "sslclient"));
  CHECK(verifies("ann", "sslclient"));
  CHECK_FALSE(verifies("ann", "sslserver"));
  CHECK_THAT(text_of(folder / "fw-a.pem"), Contains("URI:stillwater:node:fw-a, IP Address:10.0.0.1") &&
                                               Contains("2001:DB8:0:0:0:0:0:1, DNS:fw-a.example") &&
                                               !Contains("OU"));
  CHECK_THAT(text_of(folder / "ann.pem"), Contains("Subject: OU = operator, CN = ann"));
  CHECK(role_in(content(folder / "ann.pem")) == Role::operating);
}

TEST_CASE("keys are their owner's alone, whatever the umask, and nothing else is left in the folder") {
  const Folder folder;
  const auto before = ::umask(0);
  const auto made = folder.pki({"init"});
  const auto issued = folder.pki({"node", "fw-a"});
  ::umask(before);
  done(made);
  done(issued);
  CHECK(mode_of(folder.dir) == 0700);
  CHECK(mode_of(folder / "ca.key") == 0600);
  CHECK(mode_of(folder / "fw-a.key") == 0600);
  CHECK(mode_of(folder / "ca.pem") == 0644);
  std::set<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(folder.dir))
    names.insert(file.path().filename());
  CHECK(names == std::set<std::string>{"ca.key", "ca.pem", "fw-a.key", "fw-a.pem"});
}

TEST_CASE("pki writes over no file, not even where one of a pair is left") {
  const Folder folder;
  done(folder.pki({"init"}));
  done(folder.pki({"node", "fw-a"}));
  const auto ca = content(folder / "ca.key");
  const auto key = content(folder / "fw-a.key");
  const auto refused = [&](const std::vector<std::string>& arguments, const std::string& file) {
    const auto finished = folder.pki(arguments);
    CHECK(finished.exit == 1);
    CHECK_THAT(finished.err, Contains(folder / file + " exists already"));
  };
  refused({"init"}, "ca.key");
  refused({"node", "fw-a"}, "fw-a.key");
  refused({"client", "fw-a", "--role", "admin"}, "fw-a.key");
  std::filesystem::remove(folder / "fw-a.key");
  refused({"node", "fw-a"}, "fw-a.pem");
  CHECK_FALSE(pki::exists(folder / "fw-a.key"));
  CHECK(content(folder / "ca.key") == ca);
  std::filesystem::create_symlink(folder / "elsewhere", folder / "fw-b.key");
  refused({"node", "fw-b"}, "fw-b.key");
  CHECK_FALSE(pki::exists(folder / "elsewhere"));
  CHECK(key != ca);
}

TEST_CASE("a renewal replaces the certificate alone, and keeps what it says of its holder") {
  const Folder folder;
  done(folder.pki({"init"}));
  done(folder.pki({"node", "fw-a", "--address", "10.0.0.1", "--days", "3"}));
  const auto key = content(folder / "fw-a.key");
  const auto before = content(folder / "fw-a.pem");
  const auto renewed = folder.pki({"renew", "fw-a", "--days", "30", "--json"});
  done(renewed);
  CHECK(content(folder / "fw-a.key") == key);
  CHECK(content(folder / "fw-a.pem") != before);
  CHECK_THAT(text_of(folder / "fw-a.pem"), Contains("URI:stillwater:node:fw-a, IP Address:10.0.0.1"));
  const auto fields = json::parse(renewed.out);
  CHECK(fields["certificate"] == folder / "fw-a.pem");
  CHECK_THAT(fields["valid_until"].get<std::string>(), Contains("T") && Catch::EndsWith("Z"));
  CHECK(run({"/usr/bin/openssl", "verify", "-CAfile", folder / "ca.pem", folder / "fw-a.pem"}).exit == 0);
  CHECK(run({"/usr/bin/openssl", "x509", "-in", folder / "fw-a.pem", "-noout", "-checkend",
             std::to_string(29 * 86400)})
            .exit == 0);
}

TEST_CASE("a renewal of what is not the authority's, or has another key, is refused") {
  const Folder folder;
  const Folder other;
  for (const Folder* each : {&folder, &other}) {
    done(each->pki({"init"}));
    done(each->pki({"node", "fw-a"}));
  }
  CHECK_THAT(folder.pki({"renew", "fw-b"}).err, Contains("cannot read " + folder / "fw-b.pem"));
  std::filesystem::copy_file(other / "fw-a.key", folder / "fw-a.key",
                             std::filesystem::copy_options::overwrite_existing);
  CHECK_THAT(folder.pki({"renew", "fw-a"}).err, Contains("the key is not that of the certificate"));
  std::filesystem::copy_file(other / "fw-a.pem", folder / "fw-a.pem",
                             std::filesystem::copy_options::overwrite_existing);
  const auto foreign = folder.pki({"renew", "fw-a"});
  CHECK(foreign.exit == 1);
  CHECK_THAT(foreign.err, Contains("it is not a certificate of this authority"));
}

TEST_CASE("pki says what is wrong with what it was given") {
  const Folder folder;
  const auto says = [&](const std::vector<std::string>& arguments, int exit, const std::string& words) {
    const auto finished = folder.pki(arguments);
    CHECK(finished.exit == exit);
    CHECK_THAT(finished.err, Contains(words));
  };
  says({"node", "fw-a"}, 1, "`stillwaterctl pki init` makes an authority");
  done(folder.pki({"init", "--days", "20"}));
  says({"node", "fw-a"}, 1, "at most 20 days are possible");
  const auto wrong = [&](const std::string& name) {
    says({"node", name, "--days", "2"}, 1, "'" + name + "' is no name");
    CHECK_FALSE(pki::exists(folder / (name + ".pem")));
  };
  for (const char* name : {"../fw-a", "ca2/x", ".fw", "a b"}) wrong(name);
  says({"node", "ca", "--days", "2"}, 1, "'ca' is no name");
  says({"node", std::string(64, 'a'), "--days", "2"}, 1, "is no name");
  says({"node", "fw-a", "--days", "2", "--address", "10.0.0.1,DNS:evil"}, 1,
       "neither an IP address nor a host");
  says({"node", "fw-a", "--days", "0"}, 2, "1 to 36500");
  says({"client", "ann", "--days", "2"}, 2, "--role");
  says({"client", "ann", "--role", "root"}, 2, "'root' is none of viewer, operator, admin");
  CHECK_THAT(run({STILLWATERCTL, "pki"}).err, Contains("subcommand is required"));
  CHECK_THAT(run({STILLWATERCTL, "pki", "--help"}).out, Contains("for tests and small installations"));
  CHECK_THAT(run({STILLWATERCTL, "pki", "init", "--dir", "/nowhere/pki"}).err,
             Contains("cannot make the folder /nowhere/pki: No such file or directory"));
}

}  // namespace stillwater::mgmt::test
