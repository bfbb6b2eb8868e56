/** Chains that deployments are made on, by the names that people give them, with their EIP-155 ids. */
export const networks: Readonly<Record<string, number>> = {
  ethereum: 1,
  optimism: 10,
  gnosis: 100,
  base: 8453,
  arbitrum: 42_161,
  sepolia: 11_155_111,
  devnet: 31_337,
}
