interface IVault  {
    function mint(uint256 value) external;
}
