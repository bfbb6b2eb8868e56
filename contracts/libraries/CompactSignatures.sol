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
    function recover(bytes32 digest, Signature calldata signature) internal view returns (address) {
        return _recover(digest, signature.r, signature.vs);
    }

    /// @dev The same of a signature in memory.
    function recoverMemory(bytes32 digest, Signature memory signature) internal view returns (address) {
        return _recover(digest, signature.r, signature.vs);
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

    /// @dev ecrecover, in memory that is not kept. It leaves zero where it recovers nothing.
    function _recover(bytes32 digest, bytes32 r, bytes32 vs) private view returns (address signer) {
        assembly ("memory-safe") {
            let p := mload(0x40)
            let s := and(vs, _S_MASK)
            mstore(p, digest)
            mstore(add(p, 0x20), add(27, shr(255, vs)))
            mstore(add(p, 0x40), r)
            mstore(add(p, 0x60), s)
            mstore(0x00, 0)
            pop(staticcall(gas(), 1, p, 0x80, 0x00, 0x20))
            if iszero(gt(s, _HALF_ORDER)) { signer := mload(0x00) }
        }
    }
}
