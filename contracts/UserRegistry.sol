// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {CompactSignatures, Signature} from "./libraries/CompactSignatures.sol";
import {PublicKeys} from "./libraries/PublicKeys.sol";

/// @title Where people are reached
/// @notice For each account its mailbox key and the keys and network addresses of its nodes. Whatever an account does
/// here can be sent by anybody who has its EIP-712 signature.
contract UserRegistry is EIP712, Nonces {
    using CompactSignatures for bytes32;

    /// @notice Nodes that an account may list.
    uint256 public constant MAX_NODES = 16;
    /// @notice Addresses that a node may list.
    uint256 public constant MAX_ADDRESSES = 8;
    /// @notice Bytes that an address may have.
    uint256 public constant MAX_ADDRESS_BYTES = 256;

    bytes32 private constant _NODE_TYPEHASH = keccak256("Node(bytes key,string[] addresses)");
    bytes32 private constant _SET_NODES_TYPEHASH = keccak256(
        "SetNodes(address user,Node[] nodes,uint256 nonce,uint256 deadline)Node(bytes key,string[] addresses)"
    );
    bytes32 private constant _SET_MAILBOX_KEY_TYPEHASH =
        keccak256("SetMailboxKey(address user,bytes key,uint256 nonce,uint256 deadline)");

    struct Node {
        bytes key; // compressed node key, 33 bytes
        string[] addresses; // multiaddrs
    }

    mapping(address user => bytes) private _mailboxKeys;
    mapping(address user => Node[]) private _nodes;

    /// @notice `user` now reads its mail at `key`; empty means nowhere.
    event MailboxKeySet(address indexed user, bytes key);
    /// @notice `user` now has these nodes and no others.
    event NodesSet(address indexed user, Node[] nodes);

    /// @notice The signature is not the user's.
    error UserRegistry_BadSignature();
    /// @notice The signature's deadline has passed.
    error UserRegistry_Expired(uint256 deadline);
    /// @notice A public key is not 33 bytes of a compressed point.
    error UserRegistry_BadKey();
    /// @notice More nodes, addresses or bytes of an address than are kept.
    error UserRegistry_TooMany();

    constructor() EIP712("Paratii", "1") {}

    /// @notice Sets the sender's mailbox key (33 bytes compressed), or removes it (empty).
    function setMailboxKey(bytes calldata key) external {
        _setMailboxKey(msg.sender, key);
    }

    /// @notice The same for `user`, who signed SetMailboxKey with its next nonce.
    function setMailboxKeyBySignature(address user, bytes calldata key, uint256 deadline, Signature calldata signature)
        external
    {
        _check(
            user,
            keccak256(abi.encode(_SET_MAILBOX_KEY_TYPEHASH, user, keccak256(key), _useNonce(user), deadline)),
            deadline,
            signature
        );
        _setMailboxKey(user, key);
    }

    /// @notice Replaces the list of the sender's nodes.
    function setNodes(Node[] calldata nodes) external {
        _setNodes(msg.sender, nodes);
    }

    /// @notice The same for `user`, who signed SetNodes with its next nonce.
    function setNodesBySignature(address user, Node[] calldata nodes, uint256 deadline, Signature calldata signature)
        external
    {
        bytes32[] memory hashes = new bytes32[](nodes.length);
        for (uint256 i; i < nodes.length; ++i) {
            hashes[i] = _hash(nodes[i]);
        }
        _check(
            user,
            keccak256(
                abi.encode(
                    _SET_NODES_TYPEHASH, user, keccak256(abi.encodePacked(hashes)), _useNonce(user), deadline
                )
            ),
            deadline,
            signature
        );
        _setNodes(user, nodes);
    }

    /// @notice The account's compressed mailbox key, or empty.
    function mailboxKeyOf(address user) external view returns (bytes memory) {
        return _mailboxKeys[user];
    }

    /// @notice The account's nodes, in the order in which it listed them.
    function nodesOf(address user) external view returns (Node[] memory) {
        return _nodes[user];
    }

    /// @notice The EIP-712 domain separator of this contract.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    function _setMailboxKey(address user, bytes calldata key) private {
        if (key.length != 0 && !PublicKeys.isCompressed(key)) revert UserRegistry_BadKey();
        _mailboxKeys[user] = key;
        emit MailboxKeySet(user, key);
    }

    function _setNodes(address user, Node[] calldata nodes) private {
        if (nodes.length > MAX_NODES) revert UserRegistry_TooMany();
        delete _nodes[user];
        for (uint256 i; i < nodes.length; ++i) {
            Node calldata node = nodes[i];
            if (!PublicKeys.isCompressed(node.key)) revert UserRegistry_BadKey();
            if (node.addresses.length > MAX_ADDRESSES) revert UserRegistry_TooMany();
            for (uint256 j; j < node.addresses.length; ++j) {
                if (bytes(node.addresses[j]).length > MAX_ADDRESS_BYTES) revert UserRegistry_TooMany();
            }
            _nodes[user].push(node);
        }
        emit NodesSet(user, nodes);
    }

    function _check(address user, bytes32 structHash, uint256 deadline, Signature calldata signature) private view {
        if (block.timestamp > deadline) revert UserRegistry_Expired(deadline);
        address signer = _hashTypedDataV4(structHash).recover(signature);
        if (signer == address(0) || signer != user) revert UserRegistry_BadSignature();
    }

    function _hash(Node calldata node) private pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](node.addresses.length);
        for (uint256 i; i < node.addresses.length; ++i) {
            hashes[i] = keccak256(bytes(node.addresses[i]));
        }
        return keccak256(abi.encode(_NODE_TYPEHASH, keccak256(node.key), keccak256(abi.encodePacked(hashes))));
    }
}
