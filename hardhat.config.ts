import { createRequire } from 'node:module'
import { defineConfig } from 'hardhat/config'

const { resolve } = createRequire(import.meta.url)

/**
 * Builds and tests the contracts offline: the compiler is the one npm installed. Contracts are deployed once and called for
 * years, so the optimizer is set for running, not for size.
 */
export default defineConfig({
  solidity: {
    version: '0.8.37',
    path: resolve('solc/soljson.js'),
    settings: {
      evmVersion: 'osaka',
      viaIR: true,
      optimizer: { enabled: true, runs: 1_000_000 },
      outputSelection: { '*': { '*': ['devdoc', 'userdoc'] } },
    },
  },
  paths: { tests: { solidity: './test/contracts' } },
  test: {
    solidity: {
      fsPermissions: { readDirectory: ['./test/vectors'] },
      fuzz: { runs: 256 },
      invariant: { runs: 256, depth: 64, failOnRevert: true },
    },
  },
})
