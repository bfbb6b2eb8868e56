// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A signature of 64 bytes (EIP-2098): `vs` is yParity in its highest bit, then s.
struct Signature {
    bytes32 r;
    bytes32 vs;
}

/// @title Who signed a digest
/// @dev By ecrecover alone: no code that an address has now or later can void what its key signed. High s is refused.
library CompactSignatures {
    uint256 private constant _S_MASK = (1 << 255) - 1;
    uint256 private constant _HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @dev The signer's address, or zero when the signature is not valid.
    function recover(bytes32 digest, Signature calldata signature) internal pure returns (address) {
        (uint8 v, bytes32 s) = split(signature.vs);
        return uint256(s) > _HALF_ORDER ? address(0) : ecrecover(digest, v, signature.r, s);
    }

    /// @dev The same of a signature in memory.
    function recoverMemory(bytes32 digest, Signature memory signature) internal pure returns (address) {
        (uint8 v, bytes32 s) = split(signature.vs);
        return uint256(s) > _HALF_ORDER ? address(0) : ecrecover(digest, v, signature.r, s);
    }

    /// @dev keccak256 of the 64 bytes.
    function hash(Signature calldata signature) internal pure returns (bytes32) {
        return keccak256(abi.encode(signature));
    }

    /// @dev v and s of a signature.
    function split(bytes32 vs) internal pure returns (uint8 v, bytes32 s) {
        unchecked {
            v = uint8(27 + (uint256(vs) >> 255));
        }
        s = bytes32(uint256(vs) & _S_MASK);
    }
}
