# Stands in for nixpkgs: what docker/package/nix uses of it, and no compiler.
# SPDX-License-Identifier: MIT
let
  lib = {
    cleanSource = path: path;
    licenses.mit = { };
    platforms.linux = [ ];
  };
  stdenv = {
    cc.targetPrefix = "";
    mkDerivation = a: derivation {
      name = "${a.pname}-${a.version}";
      system = "x86_64-linux";
      builder = "/bin/sh";
      inherit (a) makeFlags checkPhase version;
      described = builtins.toJSON a.meta;
    };
  };
in
{ inherit lib; bats = "bats"; pkgsStatic = { inherit stdenv lib; }; }
