//! Statements with values, which are the same in both databases.

macro_rules! select_statements {
    ($driver:ty, $select:path) => {
        impl $driver {
            pub(crate) async fn select(
                &self,
                doing: &str,
                statement: &str,
                binds: &[Bind<'_>],
            ) -> Result<Vec<select::Row>, StoreError> {
                $select(&self.pool, statement, binds).await.map_err(|error| failed(doing, error))
            }

            pub(crate) async fn execute(
                &self,
                doing: &str,
                statements: &[(&str, &[Bind<'_>])],
            ) -> Result<(), StoreError> {
                let carry_out = async {
                    let mut transaction = self.begin().await?;
                    for (statement, binds) in statements {
                        $select(&mut *transaction, statement, binds).await?;
                    }
                    transaction.commit().await
                };
                carry_out.await.map_err(|error| failed(doing, error))
            }
        }
    };
}
pub(crate) use select_statements;
