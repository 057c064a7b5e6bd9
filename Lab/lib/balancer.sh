# shellcheck shell=bash
balancer_seed() { :; }
