// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Compressed secp256k1 public keys
library PublicKeys {
    /// @dev Whether `key` has the length and the first byte of a compressed point (SEC 1).
    function isCompressed(bytes calldata key) internal pure returns (bool) {
        return key.length == 33 && (key[0] == 0x02 || key[0] == 0x03);
    }
}
