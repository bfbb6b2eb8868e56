/** The fewest characters that a password may have. What it costs to try one is in wallet/vault.ts. */
export const minPasswordLength = 8
