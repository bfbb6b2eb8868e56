// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a video is, apart from its formats.
struct Document {
    string title;
    uint32 durationSeconds;
    uint32 chunkSeconds; // of one chunk, the unit of payment by the second
    bytes mailboxKey; // the owner's compressed wallet key, 33 bytes
    bytes nodeKey; // the compressed node key of the owner's publisher, 33 bytes
}

/// @notice A format as its owner offers it; the fields mean what those of Terms mean.
struct Format {
    bytes32 name;
    bytes32 root;
    uint96 price;
    uint64 fee;
    uint32 ttl;
    uint40 size;
    uint16 affiliateBps;
}

/// @title EIP-712 hashes of video documents
library VideoDocuments {
    bytes32 private constant _DOCUMENT_TYPEHASH = keccak256(
        "Document(string title,uint32 durationSeconds,uint32 chunkSeconds,bytes mailboxKey,bytes nodeKey)"
    );
    bytes32 private constant _FORMAT_TYPEHASH = keccak256(
        "Format(bytes32 name,bytes32 root,uint96 price,uint64 fee,uint32 ttl,uint40 size,uint16 affiliateBps)"
    );

    function hash(Document calldata document) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                _DOCUMENT_TYPEHASH,
                keccak256(bytes(document.title)),
                document.durationSeconds,
                document.chunkSeconds,
                keccak256(document.mailboxKey),
                keccak256(document.nodeKey)
            )
        );
    }

    function hash(Format[] calldata formats) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](formats.length);
        for (uint256 i; i < formats.length; ++i) {
            hashes[i] = keccak256(abi.encode(_FORMAT_TYPEHASH, formats[i]));
        }
        return keccak256(abi.encodePacked(hashes));
    }
}
