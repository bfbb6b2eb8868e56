import { createRequire } from 'node:module'
import { defineConfig } from 'hardhat/config'
import base from './hardhat.config.ts'

const { resolve } = createRequire(import.meta.url)

/**
 * The tests on code of the older generator, which compiles several times faster. What is deployed, measured and tested each
 * night is what hardhat.config.ts builds.
 */
export default defineConfig({
  ...base,
  solidity: {
    version: '0.8.37',
    path: resolve('solc/soljson.js'),
    settings: { evmVersion: 'osaka', viaIR: false, optimizer: { enabled: true, runs: 200 } },
  },
  paths: {
    tests: { solidity: './test/contracts' },
    artifacts: './cache/test/artifacts',
    cache: './cache/test/cache',
  },
})
