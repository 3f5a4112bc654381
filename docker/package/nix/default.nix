# nix-build docker/package/nix: vmstat as vmstat-ct, static, with musl
{ pkgs ? import <nixpkgs> { } }:
let
  inherit (pkgs.pkgsStatic) stdenv lib;
  source = ../../..;
  version = builtins.head (builtins.elemAt (builtins.split "\n#define VERSION \"([^\"]*)\""
    (builtins.readFile (source + "/vmstat.c"))) 1);
in
stdenv.mkDerivation {
  pname = "vmstat-ct";
  inherit version;
  src = lib.cleanSource source;
  makeFlags = [
    "CC=${stdenv.cc.targetPrefix}cc"
    "CFLAGS=-Os"
    "PREFIX=${placeholder "out"}"
    "NAME=vmstat-ct"
  ];
  doCheck = true;
  nativeCheckInputs = [ pkgs.bats ];
  checkPhase = "bats tests/suites/golden.bats";
  meta = {
    description = "vmstat for containers, rescue shells and production pods";
    license = lib.licenses.mit;
    platforms = lib.platforms.linux;
    mainProgram = "vmstat-ct";
  };
}
